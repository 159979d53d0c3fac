import { createReadyRoute } from "kawa/next";

export const { GET } = createReadyRoute();
