import { onTestFinished } from "vitest";
import type { Backend, Change, Entry } from "../../src/core/backend/backend.ts";

/** The backend of the test that is running. */
export type CurrentBackend = () => Backend;

export function valueOf<T>(entry: Entry, otherwise: T): T {
  return entry.state === "present" ? (entry.value as T) : otherwise;
}

export function increment(entry: Entry): number {
  return valueOf(entry, 0) + 1;
}

/** Loads a key and gives what is known of it. */
export async function read(backend: Backend, key: string): Promise<Entry> {
  await backend.load([key]);
  return backend.entry(key).peek();
}

/** Collects the changes that the backend tells of until the test ends. */
export function watch(backend: Backend): Change[] {
  const changes: Change[] = [];
  onTestFinished(backend.onChange((change) => changes.push(change)));
  return changes;
}
