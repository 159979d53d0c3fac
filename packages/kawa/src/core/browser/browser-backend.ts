import type { Backend, Entry, Reader, Updater } from "../backend.ts";
import { batch, cell, type Cell, type ReadonlyCell } from "../reactive.ts";
import { type KnownValue, maxWatched, type ValueRow } from "../value-row.ts";
import { loadCodec } from "./codec.ts";
import { entryOf, heldOf, type PendingWrite, Slot } from "./slot.ts";
import type { StreamedValues } from "./value-port.ts";
import type * as Writer from "./writer.ts";

/** A browser asks for no lists, versions or snapshots. */
type BrowserParts = Pick<Backend, "delete" | "entry" | "id" | "load" | "readerFor" | "set" | "update">;

/**
 * The values of the app in a browser. What is written here is shown at once, and taken back when the actor refuses it; what
 * others write comes through {@link receive}.
 */
export class BrowserBackend implements BrowserParts, StreamedValues {
  readonly id = "browser";
  readonly #givenRows: () => readonly ValueRow[];
  readonly #given = new Map<string, ReadonlyCell<Entry>>();
  #giving: Promise<void> | undefined;
  readonly #slots = new Map<string, Slot>();
  readonly #watched = new Set<string>();
  #reader: Promise<(key: string) => Promise<void>> | undefined;
  readonly #onWatch: () => void;
  /** How often everything was forgotten. What was asked for before is of nobody's any more. */
  readonly forgetCount: Cell<number> = cell(0);

  /**
   * `givenRows` gives those that have come with the page since it was called last; `onWatch` is called when {@link watched}
   * changes.
   */
  constructor(givenRows: () => readonly ValueRow[], onWatch: () => void) {
    this.#givenRows = givenRows;
    this.#onWatch = onWatch;
  }

  get watched(): readonly KnownValue[] {
    return [...this.#watched].slice(0, maxWatched).map((key) => {
      const { seq = -1, epoch = "" } = this.slot(key).confirmed ?? {};
      return [key, seq, epoch];
    });
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.slot(key).cell;
  }

  /** What the page was rendered with; else {@link entry}. */
  givenEntry(key: string): ReadonlyCell<Entry> {
    this.takeGiven();
    return this.#given.get(key) ?? this.entry(key);
  }

  async load(keys: readonly string[]): Promise<void> {
    this.takeGiven();
    await this.#giving;
    await this.read(keys.filter((key) => this.entry(key).peek().state === "unknown"));
  }

  /** Asks the server, also for what is known: what nothing on the page follows may be old. */
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

  async readerFor(): Promise<Reader> {
    return { entry: (key) => this.entry(key), load: (keys) => this.read(keys) };
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#write(key, { held: { value: copyOf(value), given: value } });
  }

  update(key: string, updater: Updater): Promise<unknown> {
    return this.#write(key, { updater });
  }

  async delete(key: string): Promise<void> {
    await this.#write(key, { held: { text: null } });
  }

  /** Loads what brings writes to the server, before the first write needs it. */
  prepareWrites(): Promise<typeof Writer> {
    return import("./writer.ts");
  }

  /** Takes over what the actor holds: at once, unless there is a value of a kind that has not been met yet. */
  receive(rows: readonly ValueRow[]): Promise<void> | void {
    return this.#whenDecodable(rows, () => batch(() => rows.forEach((row) => this.slot(row[0]).confirm(row))));
  }

  forget(): void {
    this.#given.clear();
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
      const watch = (change: "add" | "delete") => (): void => {
        this.#watched[change](key);
        this.#onWatch();
      };
      this.#slots.set(key, (slot = new Slot(key, { watched: watch("add"), unwatched: watch("delete") })));
    }
    return slot;
  }

  /** Takes over what has come with the page meanwhile. */
  takeGiven(): void {
    const rows = this.#givenRows();
    if (rows.length === 0) return;
    const giving = this.#whenDecodable(rows, () => {
      void this.receive(rows);
      for (const [key, text, seq] of rows) {
        if (!this.#given.has(key)) this.#given.set(key, cell(entryOf(heldOf(text), seq)));
      }
    });
    // What cannot be decoded is read from the server.
    if (giving) this.#giving = giving.catch(() => {});
  }

  /** At once, unless there is a value of a kind that has not been met yet. What was forgotten meanwhile is not taken. */
  #whenDecodable(rows: readonly ValueRow[], take: () => void): Promise<void> | void {
    const loading = loadCodec(rows);
    const count = this.forgetCount.peek();
    return loading ? loading.then(() => (count === this.forgetCount.peek() ? take() : undefined)) : take();
  }

  #write(key: string, change: Pick<PendingWrite, "held" | "updater">): Promise<unknown> {
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
      const { sendWrites } = await this.prepareWrites();
      await sendWrites(slot, this);
    } catch (error) {
      // The code that writes could not be loaded.
      for (const write of [...slot.writes]) slot.reject(write, error);
      slot.show();
    }
    slot.isSending = false;
  }
}

/** What the owner of a value does with it later is not shown. */
function copyOf(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    // The writer says what is wrong with it.
    return value;
  }
}
