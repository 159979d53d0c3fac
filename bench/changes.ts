import { commit } from "./bare-actor.ts";
import { connectBare, hostBare } from "./bare-client.ts";
import { benchSignals, scattered, type SignalSet } from "./bench-signals.ts";
import { benchRows, changeFirst, pageOf, type RowSet } from "./bench-rows.ts";
import { numberIn, textOf } from "./text.ts";

/** Ways to change something, of Kawa and of RivetKit. */
export type Change =
  /** An awaited `signal.set`. */
  | { readonly kind: "set"; readonly of: SignalSet }
  /** An awaited update of a row that the first page of a collection shows. */
  | { readonly kind: "row"; readonly of: RowSet }
  /** One SQLite commit of the bare actor, which lives in this process. */
  | { readonly kind: "commit" }
  /** The same commit as an action over RivetKit's own connection. */
  | { readonly kind: "commitAction" }
  /** An event of the bare actor, which lives in this process, without a commit. */
  | { readonly kind: "event" }
  /** The same event from an action over RivetKit's own connection. */
  | { readonly kind: "eventAction" };

export type RunChange = (number: number) => Promise<void>;

const valueBytes = 100;
const bareKeyCount = 100;
const prepared = new Map<string, Promise<RunChange>>();

/** Connects what a change needs, once. */
export function prepareChange(change: Change): Promise<RunChange> {
  const id = JSON.stringify(change);
  let found = prepared.get(id);
  if (!found) prepared.set(id, (found = prepare(change)));
  return found;
}

async function prepare(change: Change): Promise<RunChange> {
  const text = (number: number): string => textOf(number, valueBytes);
  const bareKey = (number: number): string => `bench:key:${String(scattered(number, bareKeyCount)).padStart(6, "0")}`;
  switch (change.kind) {
    case "set": {
      const { backend, signals } = benchSignals(change.of);
      await backend.load([]);
      return (number) => signals[scattered(number, signals.length)]!.set(text(number));
    }
    case "row": {
      await benchRows(change.of).backend.load([]);
      return changeFirst(change.of);
    }
    case "commit": {
      const context = await hostBare();
      return (number) => commit(context, bareKey(number), text(number));
    }
    case "commitAction": {
      const connection = await connectBare();
      return (number) => connection.commit(bareKey(number), text(number));
    }
    case "event": {
      const context = await hostBare();
      return async (number) => context.broadcast("changed", text(number));
    }
    case "eventAction": {
      const connection = await connectBare();
      return (number) => connection.broadcast(text(number));
    }
  }
}

/** Calls `listener` with the number of each change that another process makes from now on. */
export async function watchChange(change: Change, listener: (number: number) => void): Promise<void> {
  if (change.kind === "set") {
    const { backend, keys, signals } = benchSignals(change.of);
    await backend.load(keys);
    let isNew = false;
    for (const signal of signals) signal.subscribe((text) => isNew && listener(numberIn(text)));
    isNew = true;
  } else if (change.kind === "row") {
    const page = pageOf(change.of, 0);
    await page.get();
    let isNew = false;
    page.subscribe((rows) => isNew && listener(numberIn(rows[0]!.value.text)));
    isNew = true;
  } else {
    const connection = await connectBare();
    connection.on("changed", (text) => listener(numberIn(String(text))));
  }
}
