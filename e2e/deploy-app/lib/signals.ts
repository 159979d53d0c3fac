import { namespace } from "kawa";

export type Note = { readonly text: string; readonly by?: string };

const app = namespace("app");
export const counter = app.signal("counter", 0);
/** The code of the actor writes into it which build it is of. */
export const note = app.signal<Note>("note", { text: "" });
