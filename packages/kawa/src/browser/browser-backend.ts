import type { Entry, Reader, SignalBackend, Updater, WriteOptions } from "../core/backend/backend.ts";
import { batch, cell, type Cell, type ReadonlyCell } from "../core/process/reactive.ts";
import { withTimeout } from "../core/process/with-timeout.ts";
import type { MinVersions } from "../core/backend/min-versions.ts";
import { type KnownValue, type ListChangeRow, maxWatched, type ValueRow } from "./value-protocol.ts";
import type { PresentEntry } from "../core/backend/entry.ts";
import type { CommutingChange } from "../core/value/commuting.ts";
import { loadCodec } from "./codec.ts";
import { RenderedVersions } from "./rendered-versions.ts";
import { copyOf, entryHolding, heldOf, loaded, type PendingWrite, Slot } from "./slot.ts";
import type { StreamedValues } from "./value-port.ts";
import type { Exposure } from "../core/exposure.ts";
import { valueIn } from "./value-of.ts";

/** A value that has left the screen is followed for this much longer, in milliseconds, and at most so many of them. */
const followLeftMs = 30_000;
const maxLeft = 50;
/** A navigation waits this long for newer values, in milliseconds. Then it shows those that are known. */
const longestWaitMs = 1_000;

/**
 * The values of the app in a browser. Writes are optimistic: a value is shown at once, and taken back when the actor refuses it. What
 * others write comes through {@link receive}.
 */
export class BrowserBackend implements SignalBackend, StreamedValues {
  readonly id = "browser";
  readonly #hydrationRows: () => readonly ValueRow[];
  readonly #hydrated = new Map<string, ReadonlyCell<Entry>>();
  #hydrating: Promise<void> | undefined;
  readonly #slots = new Map<string, Slot>();
  readonly #watched = new Set<string>();
  /** Keys that left the screen a moment ago, the oldest first. The stream still follows them, for a page that shows them again. */
  readonly #left = new Map<string, ReturnType<typeof setTimeout>>();
  #reader: Promise<(key: string) => Promise<void>> | undefined;
  readonly #onWatch: () => void;
  /** How new the server components are beside which the values are shown. */
  readonly rendered: RenderedVersions;
  /** How often everything was forgotten. An answer to an earlier request is for an earlier visitor. */
  readonly forgetCount: Cell<number> = cell(0);

  /**
   * `hydrationRows` returns the rows that have come with the page since its last call; `onWatch` is called when {@link watched}
   * changes.
   */
  constructor(hydrationRows: () => readonly ValueRow[], onWatch: () => void, rendered = new RenderedVersions()) {
    this.#hydrationRows = hydrationRows;
    this.#onWatch = onWatch;
    this.rendered = rendered;
  }

  get watched(): readonly KnownValue[] {
    return [...this.#watched, ...this.#left.keys()].slice(0, Math.max(maxWatched, this.#watched.size)).map((key) => {
      const { seq = -1, epoch = "" } = this.slot(key).confirmed ?? {};
      return [key, seq, epoch];
    });
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.slot(key).cell;
  }

  /** The entry that the page was rendered with; else {@link entry}. */
  hydratedEntry(key: string): ReadonlyCell<Entry> {
    this.hydrate();
    return this.#hydrated.get(key) ?? this.entry(key);
  }

  async load(keys: readonly string[]): Promise<void> {
    this.hydrate();
    await this.#hydrating;
    await this.read(keys.filter((key) => this.entry(key).peek().state === "unknown"));
  }

  /** Asks the server, also for values that are known: one that nothing on the page follows may be old. */
  async read(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    this.#reader ??= import("./row-reader.ts").then(
      ({ createRowReader }) => createRowReader(this),
      (error) => {
        this.#reader = undefined;
        throw error;
      },
    );
    await Promise.all(keys.map(await this.#reader));
  }

  /** The keys whose values nothing on the page follows and may be older than its server components. */
  oldOf(keys: readonly string[]): readonly string[] {
    const { versions } = this.rendered;
    return keys.filter((key) => !this.#watched.has(key) && this.slot(key).isOlderThan(versions));
  }

  /** Asks for values that are old, and resolves when they are known or a navigation waits no longer. */
  async freshen(keys: readonly string[]): Promise<void> {
    const { versions } = this.rendered;
    const read = this.read(keys).catch(() => {});
    await withTimeout(read, longestWaitMs, () => {});
    // No later render waits for the same again.
    for (const key of keys) this.noteRead(key, versions);
  }

  noteRead(key: string, versions: MinVersions): void {
    const slot = this.slot(key);
    const asOf: Record<string, number> = { ...slot.asOf };
    for (const [epoch, seq] of Object.entries(versions)) asOf[epoch] = Math.max(asOf[epoch] ?? 0, seq);
    slot.asOf = asOf;
  }

  async readerFor(): Promise<Reader> {
    return { entry: (key) => this.entry(key), load: (keys) => this.read(keys) };
  }

  async set(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    await this.#write(key, { held: { value: copyOf(value), original: value }, version: options?.version });
  }

  update(key: string, updater: Updater, options?: WriteOptions): Promise<unknown> {
    return this.#write(key, { updater, version: options?.version });
  }

  change(key: string, change: CommutingChange, initial: PresentEntry, options?: WriteOptions): Promise<unknown> {
    const held = copyOf(change) as CommutingChange;
    const before = (entry: Entry): unknown =>
      entry.state === "present" ? valueIn(options as Exposure, entry) : initial.value;
    const updater: Updater = (entry) => loaded.show?.(key, before(entry), held) ?? before(entry);
    return this.#write(key, { change: held, updater, version: options?.version });
  }

  async delete(key: string): Promise<void> {
    await this.#write(key, { held: { text: null } });
  }

  /** Loads the code that writes before the first write needs it. Where that fails, the first write loads it again. */
  prepareWrites(): void {
    import("./writer.ts").catch(() => {});
  }

  /** Takes over what the actor holds: at once, unless the decoder of a value has to be loaded first. */
  receive(rows: readonly ValueRow[], lists?: readonly ListChangeRow[]): Promise<void> | void {
    if (lists?.length) {
      import("./list-changes.ts")
        .then(
          (code) => code.apply(this, lists),
          () => this.read(lists.map(([key]) => key)),
        )
        .catch(() => {});
    }
    return this.#whenDecodable(rows, () => batch(() => rows.forEach((row) => this.slot(row[0]).confirm(row))));
  }

  forget(): void {
    this.#hydrated.clear();
    for (const key of this.#left.keys()) this.#stopFollowing(key);
    batch(() => {
      this.forgetCount.value += 1;
      for (const slot of this.#slots.values()) slot.forget(this.#watched.has(slot.key));
    });
    this.read([...this.#watched]).catch(() => {});
  }

  /** What is known of one key. */
  slot(key: string): Slot {
    let slot = this.#slots.get(key);
    if (!slot) {
      slot = new Slot(key, { watched: () => this.#watch(key), unwatched: () => this.#leave(key) });
      this.#slots.set(key, slot);
    }
    return slot;
  }

  #watch(key: string): void {
    this.#watched.add(key);
    this.#stopFollowing(key);
    this.#onWatch();
  }

  #leave(key: string): void {
    this.#watched.delete(key);
    if (this.slot(key).confirmed) {
      const stop = (): void => {
        this.#left.delete(key);
        this.#onWatch();
      };
      this.#left.set(key, setTimeout(stop, followLeftMs));
      if (this.#left.size > maxLeft) this.#stopFollowing(this.#left.keys().next().value!);
    }
    this.#onWatch();
  }

  #stopFollowing(key: string): void {
    clearTimeout(this.#left.get(key));
    this.#left.delete(key);
  }

  /** Takes over the rows that have come with the page since the last call. */
  hydrate(): void {
    this.rendered.take();
    const rows = this.#hydrationRows();
    if (rows.length === 0) return;
    const hydrating = this.#whenDecodable(rows, () => {
      void this.receive(rows);
      for (const [key, text, seq] of rows) {
        if (!this.#hydrated.has(key)) this.#hydrated.set(key, cell(entryHolding(heldOf(text), seq)));
      }
    });
    // Where the decoder cannot be loaded, the values are read from the server.
    if (hydrating) this.#hydrating = hydrating.catch(() => {});
  }

  /** Calls `take` when the rows can be decoded: at once, unless the decoder has to be loaded. Rows from before {@link forget} are not taken. */
  #whenDecodable(rows: readonly ValueRow[], take: () => void): Promise<void> | void {
    const loading = loadCodec(rows);
    const count = this.forgetCount.peek();
    return loading ? loading.then(() => (count === this.forgetCount.peek() ? take() : undefined)) : take();
  }

  #write(key: string, change: Pick<PendingWrite, "change" | "held" | "updater" | "version">): Promise<unknown> {
    const slot = this.slot(key);
    const last = slot.writes.at(-1);
    return new Promise((resolve, reject) => {
      const settled = { resolve, reject };
      if (change.held && last?.held && !last.updater && !last.isOnTheWay && !last.isOfAnother) {
        last.held = change.held;
        last.settled.push(settled);
      } else slot.writes.push({ ...change, settled: [settled] });
      slot.show();
      if (!slot.isSending) void this.#send(slot);
    });
  }

  async #send(slot: Slot): Promise<void> {
    slot.isSending = true;
    try {
      const { sendWrites } = await import("./writer.ts");
      await sendWrites(slot, this);
    } catch (error) {
      // The code that writes could not be loaded.
      for (const write of [...slot.writes]) slot.reject(write, error);
      slot.show();
      slot.isSending = false;
    }
  }
}
