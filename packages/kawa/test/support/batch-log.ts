import { decodeRecord } from "../../src/rivetkit/store/client-record.ts";
import type { Clear, Write } from "../../src/rivetkit/wire/protocol.ts";
import type { SignalStore } from "../../src/rivetkit/store/signal-store.ts";

const clientPrefix = "\0client:";

/** The batches that stores of one actor were asked to write: a commit shows only what came last of each key. */
export class BatchLog {
  readonly #deletions = new Map<string, Write[]>();
  readonly #committed = new Set<string>();

  watch(store: SignalStore): void {
    const write = store.write.bind(store);
    store.write = (batch) => {
      const id = `${batch.client} ${batch.number}`;
      const deletions = batch.writes.filter((each) => "clear" in each || ("text" in each && each.text === null));
      this.#deletions.set(id, [...(this.#deletions.get(id) ?? []), ...deletions]);
      return write(batch);
    };
  }

  /** Keys of a new commit that one of its batches has deleted, whatever came after. `stored` is all that it wrote. */
  deletedIn(stored: readonly (readonly [key: string, text: string | null])[]): ReadonlySet<string> {
    const deletions = stored
      .filter(([key]) => key.startsWith(clientPrefix))
      .flatMap(([key, text]) => this.#takeDeletions(key.slice(clientPrefix.length), text!));
    const isDeleted = (key: string): boolean =>
      deletions.some((each) => ("clear" in each ? isCleared(each, key) : key === each.key));
    return new Set(stored.map(([key]) => key).filter(isDeleted));
  }

  /** What a client has deleted since its record was stored before. */
  #takeDeletions(client: string, record: string): Write[] {
    const deletions: Write[] = [];
    for (const [number, { conflicts }] of decodeRecord(record).applied) {
      const id = `${client} ${number}`;
      // A batch that was given up before it came is in conflict with the empty key.
      const isNew = !this.#committed.has(id) && !conflicts.includes("");
      if (isNew)
        deletions.push(
          ...(this.#deletions.get(id) ?? []).filter((each) => "clear" in each || !conflicts.includes(each.key)),
        );
      this.#committed.add(id);
    }
    return deletions;
  }
}

function isCleared({ clear, except, only }: Clear, key: string): boolean {
  return key.startsWith(clear) && !except?.includes(key) && (only === undefined || key === only);
}
