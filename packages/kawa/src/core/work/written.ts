import type { Backend, OperationOptions } from "../backend/backend.ts";
import { noteWritten } from "./effect-loops.ts";
import { clip } from "../errors/errors.ts";
import { processState } from "../process/process-state.ts";
import { isLeftOut } from "./render-writes.ts";
import { reported } from "../process/reported-promise.ts";

const verbs = {
  set: "Writing",
  update: "Updating",
  increment: "Incrementing",
  merge: "Merging into",
  append: "Appending to",
  remove: "Removing from",
  delete: "Deleting",
  clear: "Clearing",
  transaction: "Committing",
} as const;

/** A function that was called to write. */
export type WriteCall = {
  readonly name: keyof typeof verbs;
  readonly of: { readonly key: string };
  readonly by: (...args: never) => unknown;
};

/** `isChecked` while a signal writes: its backend does not check once more. */
const writing = processState("checked-write", () => ({ isChecked: false }));

/**
 * Runs `write`, or `instead` where a render must not write. A failure that nobody awaits is reported, and does not end the process.
 *
 * @throws {KawaError} RENDER_WRITE - a page is being rendered, in development
 */
export function written<T>(
  { name, of, by }: WriteCall,
  write: () => Promise<T>,
  instead: () => Promise<T>,
): Promise<T> {
  const work = isLeftOut(`${name}()`, of.key, by) ? instead() : runWith(true, write);
  noteWritten(of, work);
  return reported(`${verbs[name]} "${clip(of.key)}"`, work);
}

/**
 * As {@link written}, for a call of a backend.
 *
 * @throws {KawaError} RENDER_WRITE - a page is being rendered, in development
 */
export function writtenTo<T>(
  { name, of, by }: WriteCall,
  write: () => Promise<T>,
  instead: () => Promise<T>,
): Promise<T> {
  // What the write calls, such as the function of an update, is not checked yet.
  return writing.isChecked || !isLeftOut(`${name}()`, of.key, by) ? runWith(false, write) : instead();
}

function runWith<T>(isChecked: boolean, fn: () => T): T {
  const before = writing.isChecked;
  writing.isChecked = isChecked;
  try {
    return fn();
  } finally {
    writing.isChecked = before;
  }
}

/** The present value: what an update resolves with where it was left out. */
export async function valueNow(backend: Backend, key: string, options?: OperationOptions): Promise<unknown> {
  const reader = await backend.readerFor(options);
  await reader.load([key]);
  const entry = reader.entry(key).peek();
  return entry.state === "present" ? entry.value : undefined;
}
