import { namespace } from "kawa";

const bench = namespace("bench");

/** What honest visitors write and show. */
export const score = bench.signal("score", 0, { expose: "write" });

/** Has no schema: it may hold what the product lets a stranger write. */
export const value = bench.signal<unknown>("value", "", { expose: "write" });

/** Texts of any length, one a name. */
export const texts = bench.family((name: string) => ({ key: `texts:${name}`, default: "" }), { expose: "write" });

/** The windows that are open, gone soon after their browsers. */
export const windows = bench.family(
  (at: { room: string; id: string }) => ({ key: `windows:${at.room}:${at.id}`, default: "" }),
  {
    expose: "write",
    ttlMs: 2_000,
  },
);
