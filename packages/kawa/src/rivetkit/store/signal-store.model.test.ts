import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import type { Row, Write } from "../wire/protocol.ts";
import type { SignalStore, Written } from "./signal-store.ts";

/** What happens to a commit. */
const faults = ["none", "none", "none", "refused", "answer lost", "answer lost, then unreachable", "killed"] as const;

type Fault = (typeof faults)[number];
type Step = {
  readonly kind: "increment" | "set" | "delete" | "clear" | "clearOthers" | "clearOwn";
  readonly key: string;
  readonly sendTwice: boolean;
};

/** An actor whose storage fails, and which is killed and started again, as the faults say: one for each commit. */
class UnluckyActor {
  store!: SignalStore;
  readonly #db = new TestDatabase();
  #faults: Fault[];
  #isUnreachable = false;
  #restarting: Promise<void> | undefined;
  /** What a follower has learned, through deltas and after each start. */
  readonly seen = new Map<string, Row>();
  /** Deltas that did not follow the one before. */
  readonly gaps: [seen: number, from: number][] = [];
  readonly #maxDeletedKeys: number | undefined;
  #seenSeq = 0;

  constructor(planned: readonly Fault[], maxDeletedKeys: number | undefined) {
    this.#faults = [...planned];
    this.#maxDeletedKeys = maxDeletedKeys;
  }

  async start(): Promise<void> {
    this.store = await openTestStore(
      this.#db,
      this.#maxDeletedKeys === undefined ? {} : { maxDeletedKeys: this.#maxDeletedKeys },
    );
    const { rows, seq } = this.store.since(this.store.position.epoch, this.#seenSeq);
    // Deletions that it has missed may be forgotten: then it reads anew.
    const anew = (): readonly Row[] => [
      ...this.store.read([...this.seen.keys()]).rows,
      ...this.store.list({ prefix: "", after: "", withValues: true }).rows,
    ];
    for (const row of rows ?? anew()) this.seen.set(row[0], row);
    this.#seenSeq = seq;
    this.store.listen(
      (delta) => {
        if (delta.from !== this.#seenSeq) this.gaps.push([this.#seenSeq, delta.from]);
        for (const row of delta.rows) this.seen.set(row[0], row);
        this.#seenSeq = delta.to;
      },
      () => {},
    );
    let fault: Fault = "none";
    this.#db.before = (sql) => {
      if (sql.startsWith("SELECT") && this.#isUnreachable) {
        this.#isUnreachable = false;
        throw new Error("unreachable");
      }
      if (!isChange(sql)) return;
      fault = this.#faults.shift() ?? "none";
      if (fault === "refused") throw new Error("refused");
    };
    this.#db.after = (sql) => {
      if (!isChange(sql) || fault === "none") return;
      this.#isUnreachable = fault === "answer lost, then unreachable";
      if (fault === "killed") this.#restarting ??= this.#restart();
      throw new Error(fault);
    };
  }

  /** Sends a batch until it is acknowledged. */
  async write(batch: Parameters<SignalStore["write"]>[0]): Promise<Written> {
    for (;;) {
      try {
        await this.#restarting;
        return await this.store.write(batch);
      } catch {
        // Again, under the same number.
      }
    }
  }

  /** A purge that nobody waits for may have been killed, too. */
  async restarted(): Promise<void> {
    while (this.#restarting) await this.#restarting;
  }

  async #restart(): Promise<void> {
    this.#db.before = () => {};
    this.#db.after = () => {};
    void this.store.close();
    await new Promise(setImmediate);
    await this.start();
    this.#restarting = undefined;
  }

  async storedAfterNextStart(): Promise<Row[]> {
    this.#db.before = () => {};
    this.#db.after = () => {};
    await this.store.close();
    const next = await openTestStore(this.#db);
    return next.list({ prefix: "", after: "", withValues: true }).rows as Row[];
  }
}

/** A commit, or the removal of what is forgotten. */
function isChange(sql: string): boolean {
  return sql.startsWith("INSERT") || sql.startsWith("DELETE");
}

/** Does its steps one after the other; resolves with how many increments were acknowledged. */
async function runClient(actor: UnluckyActor, client: string, steps: readonly Step[]): Promise<number> {
  let number = 0;
  let incrementCount = 0;
  const send = async (write: Write, sendTwice: boolean): Promise<Written> => {
    number += 1;
    const batch = { client, number, settled: number, writes: [write] };
    const [reply] = await Promise.all(sendTwice ? [actor.write(batch), actor.write(batch)] : [actor.write(batch)]);
    return reply!;
  };
  for (const { kind, key, sendTwice } of steps) {
    if (kind === "clear") await send({ clear: `${key}:` }, sendTwice);
    else if (kind === "clearOthers") await send({ clear: `${key}:`, except: [`${key}:${client}`] }, sendTwice);
    else if (kind === "clearOwn") await send({ clear: `${key}:`, only: `${key}:${client}` }, sendTwice);
    else if (kind === "delete") await send({ key: `${key}:${client}`, text: null }, sendTwice);
    else if (kind === "set") await send({ key: `${key}:${client}`, text: `[${number}]` }, sendTwice);
    else {
      let reply: Written;
      do {
        const entry = actor.seen.get("count");
        const expectSeq = entry?.[2] ?? 0;
        reply = await send({ key: "count", text: String(Number(entry?.[1] ?? 0) + 1), expect: expectSeq }, sendTwice);
      } while (reply.conflicts.length > 0);
      incrementCount += 1;
    }
  }
  return incrementCount;
}

const step = fc.record<Step>({
  kind: fc.constantFrom("increment", "increment", "set", "delete", "clear", "clearOthers", "clearOwn"),
  key: fc.constantFrom("a", "b", "c", "d"),
  sendTwice: fc.boolean(),
});

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
});

it.each([
  ["", undefined],
  [", and almost every deletion is forgotten", 1],
])(
  "applies every batch once and loses none, whatever fails%s",
  { timeout: modelTimeout(300) },
  async (_, maxDeletedKeys) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom(...faults), { maxLength: 20 }),
        async (clients, planned) => {
          const actor = new UnluckyActor(planned, maxDeletedKeys);
          await actor.start();
          const counts = await Promise.all(clients.map((steps, n) => runClient(actor, `c${n}`, steps)));
          const total = counts.reduce((sum, count) => sum + count, 0);
          await actor.restarted();
          expect(actor.gaps).toEqual([]);
          expect(Number(actor.store.get("count")?.text ?? 0)).toBe(total);
          const listed = actor.store.list({ prefix: "", after: "", withValues: true }).rows;
          expect([...actor.seen.values()].filter(([, text]) => text !== null).sort()).toEqual([...listed].sort());
          expect(await actor.storedAfterNextStart()).toEqual(listed);
        },
      ),
      { numRuns: modelRuns(300) },
    );
  },
);
