import { namespace } from "kawa";

const app = namespace("app");
export const likes = app.signal("likes", 0, { expose: "write" });
