import { namespace } from "kawa";

export const score = namespace("bench").signal("score", 0);
