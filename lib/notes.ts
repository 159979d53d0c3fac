import { collection, namespace } from "kawa";

export type Note = { readonly text: string; readonly by: string };

export const maxNoteLength = 80;
export const maxNotes = 200;

/** What people have noted. Its ids are in the order in which the notes were made. */
export const notes = collection<Note>(namespace("app"), "notes");
