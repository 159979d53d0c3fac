import { namespace } from "kawa";
import { guardedBackend } from "./backend.ts";

export const secret = namespace("guarded", { backend: guardedBackend }).signal("secret", 0);
