import { namespace } from "kawa";

const bench = namespace("bench");

export const score = bench.signal("score", 0, { expose: "write" });

/** Who is here, for as long as their streams are open. */
export const here = bench.family((visitor: string) => ({ key: `here:${visitor}`, default: false }), {
  expose: "write",
  ttlMs: 60_000,
});

/** What browsers move on the screen. */
export const moved = bench.family((id: string) => ({ key: `moved:${id}`, default: { x: 0, y: 0 } }), {
  expose: "write",
});

/** What the page of `app/reads` reads. */
export const cells = Array.from({ length: 2_000 }, (_, index) => bench.signal(`cells:${index}`, index));

/** What the pages of `app/navigation` show. */
export const seen = bench.family((index: string) => ({ key: `seen:${index}`, default: 0 }), { expose: "read" });
export const seenCount = 200;
