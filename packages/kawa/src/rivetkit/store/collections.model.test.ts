import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { collectionSteps, PlainRows, plainQueries, queriesOf } from "../../../test/support/collection-model.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { Write } from "../wire/protocol.ts";
import { definedKey } from "./collection-keys.ts";
import type { SignalStore } from "./signal-store.ts";

const collection = "model:items";
const definitions: Write[] = [["group", "rank"], ["name"], []].map((index) => ({
  key: definedKey({ collection, index }),
  text: encodeValue("defined", true),
}));
const faults = ["none", "none", "none", "none", "refused", "answer lost", "killed"] as const;

/** What a server that follows an actor has, and what it does when queries are closed or the actor starts again. */
class Follower {
  readonly seen = new Map<string, unknown>();
  readonly #keys: readonly string[];
  #store!: SignalStore;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  async follow(store: SignalStore): Promise<void> {
    this.#store = store;
    store.listen(
      (delta) => {
        for (const [key, text] of delta.rows) if (this.#keys.includes(key)) this.seen.set(key, decodeValue(text!));
      },
      () => {},
    );
    await this.read();
  }

  async read(): Promise<void> {
    await this.#store.prepare(this.#keys);
    for (const [key, text] of this.#store.read(this.#keys).rows) this.seen.set(key, decodeValue(text!));
  }
}

let count = 0;

it(
  "whatever fails, a follower of queries has after each commit what filtering and sorting an array gives",
  async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await fc.assert(
      fc.asyncProperty(
        collectionSteps,
        plainQueries,
        fc.array(fc.constantFrom(...faults), { maxLength: 40 }),
        async (steps, asked, faultsPlanned) => {
          const planned = [...faultsPlanned];
          const db = new TestDatabase();
          const { queries } = queriesOf(createMemoryBackend(`stored-model-${(count += 1)}`), asked);
          const keys = [...new Set(queries.flatMap(({ query, counted }) => [query.key, counted.key]))];
          let store = await openTestStore(db);
          await store.write({ number: 0, settled: 0, writes: definitions });
          const follower = new Follower(keys);
          await follower.follow(store);
          const plain = new PlainRows();
          const write = async (row: Write): Promise<void> => {
            const fault = planned.shift() ?? "none";
            const fail = (): never => {
              db.before = db.after = () => {};
              throw new Error(fault);
            };
            const isCommit = (sql: string): boolean => sql.startsWith("INSERT");
            if (fault === "refused") db.before = (sql) => void (isCommit(sql) && fail());
            if (fault === "answer lost") db.after = (sql) => void (isCommit(sql) && fail());
            await store.write({ client: "one", number: (number += 1), settled: number, writes: [row] }).catch(() =>
              // As a server does: the same batch, under the same number.
              store.write({ client: "one", number, settled: number, writes: [row] }),
            );
            db.before = db.after = () => {};
            if (fault !== "killed") return;
            store = await openTestStore(db);
            await follower.follow(store);
          };
          let number = 0;
          const rows = {
            upsert: (id: string, value: unknown) =>
              write({ key: `${collection}:${id}`, text: encodeValue("row", value) }),
            delete: (id: string) => write({ key: `${collection}:${id}`, text: null }),
          };
          for (const step of steps) {
            await step.apply(rows);
            step.apply(plain);
            for (const { query, counted, options } of queries) {
              expect(follower.seen.get(query.key)).toEqual(plain.query(options).map(({ id }) => id));
              expect(follower.seen.get(counted.key)).toBe(plain.count(options));
            }
          }
          await store.close();
        },
      ),
      { numRuns: modelRuns(150) },
    );
  },
  modelTimeout(150),
);
