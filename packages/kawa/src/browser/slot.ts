import { type Entry, unknownEntry, type Updater } from "../core/backend/backend.ts";
import { cell, type Cell } from "../core/process/reactive.ts";
import type { ShownFloor } from "../core/backend/render-floor.ts";
import type { ValueRow } from "./value-protocol.ts";
import { decode } from "./codec.ts";

/** What a key holds. `text` is undefined while it is not encoded yet, and `null` when there is no value; `value` is a copy of `original`. */
export type HeldValue = { readonly text?: string | null; readonly value?: unknown; readonly original?: unknown };

/** Something that was written here, and that the actor has not accepted yet. */
export type PendingWrite = {
  /** Undefined for a write that does not depend on the value before. */
  readonly updater?: Updater | undefined;
  /** What it makes of the key; of an update, known once it is on the way. */
  held?: HeldValue | undefined;
  isOnTheWay?: boolean;
  /** Who wrote it does not look any more: it is not shown, and not sent as somebody else. */
  isOfAnother?: boolean;
  readonly settled: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }[];
};

export type SlotOptions = { readonly watched: () => void; readonly unwatched: () => void };

/** One key in a browser: what the actor holds as far as is known, and what was written here on top of it. */
export class Slot {
  readonly key: string;
  readonly cell: Cell<Entry>;
  confirmed: (HeldValue & { readonly seq: number; readonly epoch: string }) | undefined;
  /** In order. The first may be on the way to the server. */
  readonly writes: PendingWrite[] = [];
  isSending = false;
  /** Versions of which the confirmed value is known to be, where that is more than its own number tells. */
  asOf: ShownFloor = {};

  constructor(key: string, options: SlotOptions) {
    this.key = key;
    this.cell = cell<Entry>(unknownEntry, options);
  }

  /** What the actor holds, without what was written here. */
  get entry(): Entry {
    return this.confirmed ? entryHolding(this.confirmed, this.confirmed.seq) : unknownEntry;
  }

  /** True when server components show something that is newer than what is known to be the value. */
  isOlderThan(floor: ShownFloor): boolean {
    const { asOf, confirmed } = this;
    if (!confirmed) return false;
    const { epoch, seq } = confirmed;
    // What has no history of its own, or another one than what is shown, may be older than any.
    const epochs = floor[epoch] === undefined ? Object.keys(floor) : [epoch];
    return epochs.some((of) => floor[of]! > Math.max(asOf[of] ?? 0, of === epoch ? seq : 0));
  }

  /** A lower number never replaces a higher one, but for another history. */
  confirm([, text, seq, epoch]: ValueRow): void {
    const { confirmed } = this;
    if (confirmed?.epoch === epoch && confirmed.seq >= seq) return;
    // So a value that was accepted stays the same object.
    const known = [confirmed, ...this.writes.map(({ held }) => held)].find((held) => held?.text === text);
    this.confirmed = { ...(known ?? heldOf(text)), seq, epoch };
    this.show();
  }

  /** Somebody else looks now. What is on the screen shows its default until the actor says more. */
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
    // Who looks need not be told that the same value has another number.
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

export function entryHolding({ text, value }: HeldValue, seq: number): Entry {
  return text === null ? { state: "absent", seq } : { state: "present", seq, value };
}

function valueOf(entry: Entry): unknown {
  return entry.state === "present" && entry.value;
}
