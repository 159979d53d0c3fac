import { namespace } from "kawa";

const app = namespace("app");

export const counter = app.signal("counter", 0);
export const theme = app.signal<"dark" | "light">("theme", "dark");
