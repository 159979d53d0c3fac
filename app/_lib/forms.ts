import * as v from "valibot";
import { maxNoteLength } from "@/lib/notes";
import { board, directions, people } from "@/lib/people";
import { maxAmount } from "./amount";

// Anyone can post anything to a server action or a route handler.

/** A whole number, as text. */
const amount = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[+-]?\d+$/),
  v.transform(Number),
  v.minValue(-maxAmount),
  v.maxValue(maxAmount),
);

export const addition = v.object({ by: amount });

export const counterChange = v.union([v.object({ to: v.literal("0") }), addition]);

export const newNote = v.object({ text: v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(maxNoteLength)) });

/** As collections make them. */
export const noteChoice = v.object({ id: v.pipe(v.string(), v.uuid()) });

/** `"3,2"`, the value of a cell's button. */
const cell = v.pipe(
  v.string(),
  v.regex(/^\d+,\d+$/),
  v.transform((text) => {
    const [x = 0, y = 0] = text.split(",").map(Number);
    return { x, y };
  }),
  v.object({
    x: v.pipe(v.number(), v.maxValue(board.columns - 1)),
    y: v.pipe(v.number(), v.maxValue(board.rows - 1)),
  }),
);

const person = v.picklist(people.map(({ id }) => id));

export const move = v.union([v.object({ person, cell }), v.object({ person, direction: v.picklist(directions) })]);

/** Undefined when the form is none that the page can send. */
export function readForm<Schema extends v.GenericSchema>(
  schema: Schema,
  form: FormData | URLSearchParams,
): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, Object.fromEntries(form.entries()));
  return result.success ? result.output : undefined;
}
