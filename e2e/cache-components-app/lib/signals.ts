import { namespace } from "kawa";

const fixture = namespace("cacheComponents");

export const score = fixture.signal("score", 0, { expose: "read" });
