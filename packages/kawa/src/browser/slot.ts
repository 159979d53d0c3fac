import { type Entry, unknownEntry, type Updater } from "../core/backend/backend.ts";
import { cell, type Cell } from "../core/process/reactive.ts";
import type { MinVersions } from "../core/backend/min-versions.ts";
import type { CommutingChange } from "../core/value/commuting.ts";
import type { ValueRow } from "./value-protocol.ts";
import { decode } from "./codec.ts";
import type { shownChange } from "./shown-change.ts";

/** What a key holds. `text` is undefined while it is not encoded yet, and `null` where there is no value. `value` is a copy of `original`. */
export type HeldValue = { readonly text?: string | null; readonly value?: unknown; readonly original?: unknown };

/** What the code that writes brings along: it is loaded at the first write. */
export const loaded: { show?: typeof shownChange } = {};

/** An optimistic write: it is shown here, and the actor has not accepted it yet. */
export type PendingWrite = {
  /** Undefined for a write that does not depend on the value before. */
  readonly updater?: Updater | undefined;
  /** The server makes this change of what it has; the updater shows it. Undefined for other writes. */
  change?: CommutingChange | undefined;
  /** What the key holds after the write. An update is computed when it is sent. */
  held?: HeldValue | undefined;
  isOnTheWay?: boolean;
  /** Of a transaction. */
  readonly part?: Participant | undefined;
  /** True when the visitor who wrote it has gone: it is not shown, and not sent as the next visitor. A transaction hides its writes by it. */
  isOfAnother?: boolean;
  /** Which version of its signal's definition it is of. */
  readonly version?: number | undefined;
  readonly settled: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }[];
};

type Participant = {
  /** The earlier writes of the key have ended. Resolves when the transaction has, and has taken its writes out of their slots. */
  turn(): Promise<void>;
  /** What comes before it may be something else now: what the actor holds, or another write of this tab. */
  moved(isOfTab?: boolean): void;
};

export type SlotOptions = { readonly watched: () => void; readonly unwatched: () => void };

/** One key in a browser: what the actor holds as far as is known, and what was written here on top of it. */
export class Slot {
  readonly key: string;
  readonly cell: Cell<Entry>;
  confirmed: (HeldValue & { readonly seq: number; readonly epoch: string }) | undefined;
  /** Pending writes in order. The first may be on the way to the server. */
  readonly writes: PendingWrite[] = [];
  isSending = false;
  /** Versions up to which the confirmed value is known to be current, where its own number does not tell that. */
  asOf: MinVersions = {};

  constructor(key: string, options: SlotOptions) {
    this.key = key;
    this.cell = cell<Entry>(unknownEntry, options);
  }

  /** What the actor holds, without what was written here. */
  get entry(): Entry {
    return this.confirmed ? entryHolding(this.confirmed, this.confirmed.seq) : unknownEntry;
  }

  /** True when server components show something newer than the version up to which the value is known to be current. */
  isOlderThan(min: MinVersions): boolean {
    const { asOf, confirmed } = this;
    if (!confirmed) return false;
    const { epoch, seq } = confirmed;
    // A value of no history, or of another one than what is shown, may be older than all of it.
    const epochs = min[epoch] === undefined ? Object.keys(min) : [epoch];
    return epochs.some((of) => min[of]! > Math.max(asOf[of] ?? 0, of === epoch ? seq : 0));
  }

  /** Takes over what the actor holds. A lower number never replaces a higher one of the same history. */
  confirm([, text, seq, epoch]: ValueRow): void {
    const { confirmed } = this;
    if (confirmed?.epoch === epoch && confirmed.seq >= seq) return;
    // The same object where the value was known: a write that was accepted changes nothing on the screen.
    const known = [confirmed, ...this.writes.map(({ held }) => held)].find((held) => held?.text === text);
    this.confirmed = { ...(known ?? heldOf(text)), seq, epoch };
    for (const { part } of this.writes) part?.moved();
    this.show();
  }

  /** Called when another visitor looks. A value on the screen becomes its default until the server tells more. */
  forget(isShown: boolean): void {
    for (const write of this.writes) write.isOfAnother = true;
    this.asOf = {};
    this.confirmed = isShown ? { text: null, seq: -1, epoch: "" } : undefined;
    this.show();
  }

  /** Shows the actor's value with all pending writes. Those whose updater throws are taken out and rejected. */
  show(): void {
    let { entry } = this;
    for (const write of [...this.writes]) {
      if (write.isOfAnother) continue;
      try {
        if (write.held) entry = entryHolding(write.held, entry.seq);
        // An update of what is not known yet waits for it.
        else if (entry.state !== "unknown") entry = entryHolding({ value: write.updater!(entry) }, entry.seq);
      } catch (error) {
        this.reject(write, error);
      }
    }
    const shown = this.cell.peek();
    // The same value with another number is no change on the screen.
    if (shown.state !== entry.state || valueOf(shown) !== valueOf(entry)) this.cell.value = entry;
  }

  reject(write: PendingWrite, error: unknown): void {
    this.remove(write);
    for (const { reject } of write.settled) reject(error);
  }

  remove(write: PendingWrite): void {
    const at = this.writes.indexOf(write);
    if (at >= 0) this.writes.splice(at, 1);
  }
}

export function heldOf(text: string | null): HeldValue {
  return text === null ? { text } : { text, value: decode(text) };
}

export function entryHolding({ text, value }: HeldValue, seq: number): Entry & { text?: string | undefined } {
  return text === null ? { state: "absent", seq } : { state: "present", seq, value, text };
}

function valueOf(entry: Entry): unknown {
  return entry.state === "present" && entry.value;
}

/** A copy: later changes that the owner of a value makes to it are not shown. */
export function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    // The writer refuses it, and says what is wrong with it.
    return value;
  }
}
