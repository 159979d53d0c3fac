import type { Batch, BatchGroup, Outcome } from "./batch-group.ts";
import type { Row } from "../wire/protocol.ts";
import type { Needed } from "./stored-collections.ts";
import type { Written } from "./signal-store.ts";

/** Runs a transaction in the process of the store, on what its group has written so far. */
export type LocalRun = (read: (key: string) => Row) => Promise<Batch>;

type Local = { readonly run: LocalRun; resolve(written: Written): void; reject(error: unknown): void };
export type Ran = Pick<Local, "resolve" | "reject"> & { readonly batch: Batch; readonly outcome: Outcome };

type RunInOptions = {
  readonly isKnown: (needed: Needed) => boolean;
  /** Throws for a batch that cannot be taken. */
  readonly check: (batch: Batch) => void;
};

const brand = Symbol.for("kawa.set-aside");

/** A transaction waits for something else than its reads: it has to start anew, beside others. */
export class SetAside extends Error {
  readonly [brand] = true;
}

/** True for every {@link SetAside}: the actor and the caller may have copies of the class of their own. */
export function isSetAside(error: unknown): boolean {
  return brand in Object(error);
}

/** The group is committed after this long, in milliseconds, whatever still waits. */
const maxRunMs = 5;

/**
 * Transactions of this process, one after the other inside of a group commit: each sees what those before it have written, so none is in
 * conflict. One that waits for anything but its own reads is set aside, for it would hold up everybody.
 */
export class LocalTransactions {
  #waiting: Local[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(run: LocalRun): Promise<Written> {
    return new Promise((resolve, reject) => this.#waiting.push({ run, resolve, reject }));
  }

  /** Ends all that wait. */
  reject(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Runs those that wait, as many as fit into the group. */
  async runIn(group: BatchGroup, { isKnown, check }: RunInOptions): Promise<readonly Ran[]> {
    const ran: Ran[] = [];
    const end = performance.now() + maxRunMs;
    let turn = nextTurn();
    while (this.#waiting.length > 0 && !group.isFull && performance.now() < end) {
      const { run, resolve, reject } = this.#waiting.shift()!;
      let isAside = false;
      const read = (key: string): Row => {
        if (isAside) throw new SetAside("The transaction starts anew.");
        // A row of a collection that has to be read from the storage.
        if (!isKnown({ writes: [], checks: [[key, 0]] })) throw new SetAside("The transaction waits for a row.");
        return group.row(key);
      };
      const made = run(read).then((batch) => (check(batch), batch));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const batch = await Promise.race([made.catch((error: unknown) => reject(error)), turn]);
      if (batch === "turn") {
        isAside = true;
        reject(new SetAside("The transaction waits for something else."));
        turn = nextTurn();
      } else if (batch && !isKnown(batch)) reject(new SetAside("The transaction writes rows that are not known."));
      else if (batch) ran.push({ batch, outcome: group.add(batch), resolve, reject });
    }
    return ran;
  }
}

function nextTurn(): Promise<"turn"> {
  return new Promise((resolve) => setImmediate(() => resolve("turn")));
}
