import { namespace } from "kawa";

const app = namespace("app");

export const counter = app.signal("counter", 0);
