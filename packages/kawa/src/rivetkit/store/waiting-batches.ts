import type { KawaError } from "../../core/errors/errors.ts";
import type { Batch, BatchGroup, Outcome } from "./batch-group.ts";
import { type ClientRecord, appliedIn } from "./client-record.ts";
import { type LocalRun, LocalTransactions, type Ran } from "./local-transactions.ts";
import { lateError, type ShardGate } from "./shard-gate.ts";
import type { Needed, StoredCollections } from "./stored-collections.ts";
import type { Written } from "./signal-store.ts";

type Waiting = { readonly batch: Batch; resolve(reply: Written): void; reject(error: KawaError): void };
export type Taken = (Waiting & { readonly outcome: Outcome }) | Ran;

/**
 * What waits for the next group commit: batches, and behind them the transactions of this process, in order. What the gate holds back waits
 * for it to open.
 */
export class WaitingBatches {
  readonly #gate: ShardGate;
  readonly #clients: ReadonlyMap<string, ClientRecord>;
  readonly #check: (batch: Batch) => void;
  readonly #locals = new LocalTransactions();
  #batches: Waiting[] = [];
  #held: Waiting[] = [];

  /** @param check throws for a batch that cannot be taken */
  constructor(gate: ShardGate, clients: ReadonlyMap<string, ClientRecord>, check: (batch: Batch) => void) {
    this.#gate = gate;
    this.#clients = clients;
    this.#check = check;
  }

  /** True while nothing may be committed. */
  get isEmpty(): boolean {
    this.#look();
    return this.#batches.length === 0 && (this.#locals.isEmpty || this.#gate.state !== "open");
  }

  add(batch: Batch): Promise<Written> {
    this.#check(batch);
    return new Promise((resolve, reject) => this.#batches.push({ batch, resolve, reject }));
  }

  addLocal(run: LocalRun): Promise<Written> {
    return this.#locals.add(run);
  }

  /** Those that may be committed now. */
  get batches(): readonly Batch[] {
    this.#look();
    return this.#batches.map(({ batch }) => batch);
  }

  /** Takes as many as fit into the group, up to the first that is about rows which are not known. One that defines a collection goes alone. */
  async takeInto(group: BatchGroup, collections: StoredCollections): Promise<readonly Taken[]> {
    this.#look();
    const isKnown = (batch: Needed): boolean => collections.knowsAll(batch);
    const taken: Taken[] = [];
    while (taken.length < this.#batches.length && !group.isFull) {
      const waiting = this.#batches[taken.length]!;
      const isDefinition = collections.definesNew(waiting.batch);
      if (isDefinition && taken.length === 0) return this.#takeAlone(group);
      if (isDefinition || !isKnown(waiting.batch)) break;
      taken.push({ ...waiting, outcome: group.add(waiting.batch) });
    }
    this.#batches.splice(0, taken.length);
    const mayRun = !this.#locals.isEmpty && this.#gate.state === "open";
    return mayRun ? taken.concat(await this.#locals.runIn(group, { isKnown, check: this.#check })) : taken;
  }

  /** Signals may have been written since it was checked. */
  #takeAlone(group: BatchGroup): readonly Taken[] {
    const waiting = this.#batches.shift()!;
    try {
      this.#check(waiting.batch);
      return [{ ...waiting, outcome: group.add(waiting.batch) }];
    } catch (error) {
      waiting.reject(error as KawaError);
      return [];
    }
  }

  /** Ends all that wait. */
  reject(error: KawaError): void {
    for (const { reject } of [...this.#held.splice(0), ...this.#batches.splice(0)]) reject(error);
    this.#locals.reject(error);
  }

  /** Holds back what the gate does not let through now, and refuses what it never will. */
  #look(): void {
    const late = this.#batches.filter(({ batch }) => this.#gate.isLate(batch.writes));
    if (late.length > 0) this.#batches = this.#batches.filter((waiting) => !late.includes(waiting));
    for (const { reject } of late) reject(lateError());
    if (this.#gate.state === "open") {
      if (this.#held.length > 0) this.#batches = [...this.#held.splice(0), ...this.#batches];
      return;
    }
    const stopped = this.#batches.filter(({ batch }) => !this.#passes(batch));
    if (stopped.length > 0) this.#batches = this.#batches.filter(({ batch }) => this.#passes(batch));
    this.#held.push(...stopped);
    const { error } = this.#gate;
    if (!error) return;
    for (const { reject } of this.#held.splice(0)) reject(error);
    this.#locals.reject(error);
  }

  /** One that was applied before is only answered. */
  #passes({ client, number, writes }: Batch): boolean {
    return this.#gate.passes(writes) || appliedIn(this.#clients.get(client ?? ""), number) !== undefined;
  }
}
