import { namespace } from "kawa";

const fixture = namespace("cacheComponents");

export const score = fixture.signal("score", 0, { expose: "read" });

/** A number for each test. */
export const count = fixture.family((name: string) => ({ key: `${name}:count`, default: 0 }), { expose: "read" });
