import { createReadyRoute } from "kawa/next";

/** Shorter than the default: its test waits for it. */
export const { GET } = createReadyRoute({ maxAgeMs: 5_000 });
