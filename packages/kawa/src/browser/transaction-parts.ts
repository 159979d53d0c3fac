import { type Entry, unknownEntry } from "../core/backend/backend.ts";
import type { TransactionWrite } from "../core/backend/transacting.ts";
import { batch } from "../core/process/reactive.ts";
import { applyChange } from "../core/value/commuting.ts";
import { encodeValue } from "../core/value/value.ts";
import type { BrowserBackend } from "./browser-backend.ts";
import { entryHolding, type PendingWrite, type Slot } from "./slot.ts";
import type { ValueRow } from "./value-protocol.ts";
import { startSending } from "./writer.ts";

type Part = {
  readonly slot: Slot;
  readonly pending: PendingWrite;
  readonly hasTurn: Promise<void>;
  readonly end: () => void;
  /** What was read; undefined where the key is only written. */
  read: Entry | undefined;
  /** Undefined where the key is only read. */
  write: TransactionWrite | undefined;
};

/** What a run has read and wants to write. */
export type Run = { readonly reads: ReadonlyMap<string, Entry>; readonly writes: readonly TransactionWrite[] };

/**
 * A transaction among the other writes of this tab to its keys. What it writes is shown at once, hidden at once while something else is there
 * than what it was made of, and ends at once: so each state that is shown is one that there was, or would be.
 */
export class TransactionParts {
  readonly #backend: BrowserBackend;
  readonly #parts = new Map<string, Part>();
  /** From `sent` on, what comes from the server may hold its writes already. */
  #state: "waiting" | "sent" | "hidden" | "over" = "waiting";
  #staled = Promise.withResolvers<void>();
  /** A run was shown. */
  #isBegun = false;

  constructor(backend: BrowserBackend) {
    this.#backend = backend;
  }

  get writtenKeys(): readonly string[] {
    return [...this.#parts.values()].flatMap(({ slot, write }) => (write ? [slot.key] : []));
  }

  /** True while no other write of this tab waits for it. */
  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  /**
   * Resolves when the earlier writes of this tab to its keys have ended. Of a key that only a later run uses it waits for no transaction: that
   * may wait for this one.
   */
  async turn(): Promise<void> {
    await Promise.all([...this.#parts.values()].map(({ hasTurn }) => hasTurn));
  }

  /** True when it has its {@link turn}, false as soon as what is shown was made of something else than what is there. */
  hasTurn(): Promise<boolean> {
    return Promise.race([this.turn().then(() => true), this.#staled.promise.then(() => false)]);
  }

  /** What a run sees of a key: the writes of this tab that come before. */
  before(key: string): Entry {
    const part = this.#parts.get(key);
    return part ? entryBefore(part) : this.#backend.entry(key).peek();
  }

  /**
   * Shows a run instead of the one before.
   *
   * @param isFirst - it has its turn: what it uses and did not use before it uses before the transactions that wait there
   */
  show({ reads, writes }: Run, isFirst: boolean): void {
    const written = new Map(writes.map((write) => [write.key, write]));
    const keys = new Set([...written.keys(), ...reads.keys()]);
    batch(() => {
      this.#state = "waiting";
      this.#staled = Promise.withResolvers<void>();
      for (const [key, part] of this.#parts) if (!keys.has(key)) this.#remove(part);
      for (const key of keys) {
        const part = this.#parts.get(key) ?? this.#add(key, isFirst);
        part.read = reads.get(key);
        part.write = written.get(key);
        part.pending.held = heldBy(part.write);
      }
      const parts = [...this.#parts.values()];
      // As far as is known here it will be refused, or it was not made of what another write makes.
      if (parts.some((part) => isRefused(part) || (isFirst && part.slot.writes[0] !== part.pending)))
        this.#state = "hidden";
      for (const { pending, write } of parts) pending.isOfAnother = this.#state === "hidden" || !write;
      for (const part of parts) this.#shown(part);
      this.#isBegun = true;
    });
  }

  noteSent(): void {
    if (this.#state === "waiting") this.#state = "sent";
  }

  /** Asks for what an answer has left out. Where that fails, the stream brings it. */
  async readMissing(rows: readonly ValueRow[]): Promise<void> {
    const told = new Set(rows.map(([key]) => key));
    await this.#backend.read(this.writtenKeys.filter((key) => !told.has(key))).catch(() => {});
  }

  /** Shows what the actor holds instead. */
  end(rows: readonly ValueRow[]): void {
    this.#state = "over";
    batch(() => {
      for (const row of rows) this.#backend.slot(row[0]).confirm(row);
      for (const part of this.#parts.values()) this.#remove(part);
    });
  }

  #add(key: string, isFirst: boolean): Part {
    const slot = this.#backend.slot(key);
    const turn = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    const pending: PendingWrite = {
      updater: (entry) => changedOr(part.write, entry),
      // No other write is folded into it.
      isOnTheWay: true,
      part: {
        turn: () => {
          turn.resolve();
          return over.promise;
        },
        moved: (isOfTab) => this.#check(isOfTab),
      },
      settled: [],
    };
    const end = (): void => {
      turn.resolve();
      over.resolve();
    };
    const part: Part = { slot, pending, hasTurn: turn.promise, end, read: undefined, write: undefined };
    this.#parts.set(key, part);
    const { writes } = slot;
    const plain = writes.slice(0, firstPartIn(writes));
    if (this.#isBegun && plain.length === 0) turn.resolve();
    else if (this.#isBegun) plain.at(-1)!.settled.push({ resolve: () => turn.resolve(), reject: () => turn.resolve() });
    writes.splice(isFirst ? plain.length : writes.length, 0, pending);
    startSending(slot, this.#backend);
    return part;
  }

  #remove(part: Part): void {
    const { slot, pending, end } = part;
    this.#parts.delete(slot.key);
    slot.remove(pending);
    this.#shown(part);
    end();
  }

  #check(isOfTab = false): void {
    const parts = [...this.#parts.values()];
    const isStale = (): boolean => parts.some((part) => isOutdated(part) || isRefused(part));
    const isHidden = this.#state === "sent" ? !isOfTab || isStale() : this.#state === "waiting" && isStale();
    if (!isHidden) return;
    this.#state = "hidden";
    for (const { pending } of parts) pending.isOfAnother = true;
    for (const part of parts) this.#shown(part);
    this.#staled.resolve();
  }

  /** What comes after it in its slots may be made of it. */
  #shown({ slot, pending }: Part): void {
    slot.show();
    const later = slot.writes.slice(slot.writes.indexOf(pending) + 1);
    for (const { part } of later) part?.moved(true);
  }
}

function firstPartIn(writes: readonly PendingWrite[]): number {
  const at = writes.findIndex(({ part }) => part);
  return at < 0 ? writes.length : at;
}

export function isSame(one: Entry, other: Entry): boolean {
  return one.state === other.state && (one.state !== "present" || one.value === (other as typeof one).value);
}

/** What a key holds with the writes of this tab that come before a part. As `Slot.show`. */
function entryBefore({ slot, pending }: Part): Entry {
  let { entry } = slot;
  for (const { held, isOfAnother, updater } of slot.writes.slice(0, slot.writes.indexOf(pending))) {
    if (isOfAnother) continue;
    try {
      if (held) entry = entryHolding(held, entry.seq);
      else if (entry.state !== "unknown") entry = entryHolding({ value: updater!(entry) }, entry.seq);
    } catch {
      // It is rejected when it is shown.
      return unknownEntry;
    }
  }
  return entry;
}

function heldBy(write: TransactionWrite | undefined): PendingWrite["held"] {
  if (!write || "changes" in write) return undefined;
  return "isDeleted" in write
    ? { text: null }
    : { text: encodeValue(write.key, write.value, undefined, write.version), value: write.value };
}

function isOutdated(part: Part): boolean {
  return part.read !== undefined && !isSame(part.read, entryBefore(part));
}

/** True for changes that what is known here does not take. */
function isRefused(part: Part): boolean {
  const before = entryBefore(part);
  if (before.state === "unknown") return false;
  try {
    changedBy(part.write, before);
    return false;
  } catch {
    return true;
  }
}

/** Another write of this tab may have gone that a change was made for: the server decides. */
function changedOr(write: TransactionWrite | undefined, entry: Entry): unknown {
  try {
    return changedBy(write, entry);
  } catch {
    return entry.state === "present" ? entry.value : undefined;
  }
}

/** @throws {KawaError} CHANGE_REFUSED - as far as is known here */
function changedBy(write: TransactionWrite | undefined, entry: Entry): unknown {
  if (!write || !("changes" in write)) return undefined;
  const before = (entry.state === "present" ? entry : write.initial).value;
  return write.changes.reduce((value, change) => applyChange(write.key, value, change), before);
}
