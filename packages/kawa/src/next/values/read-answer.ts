import { leaveOut } from "../../core/value/unreadable.ts";
import type { ReadReply, ValueRow } from "../../browser/value-protocol.ts";
import type { Version } from "../../core/value/version.ts";
import { answerLimits } from "../limits/limits.ts";
import { rowText } from "./row-text.ts";

/** A {@link ReadReply} as JSON, made of texts that are JSON already. */
export class ReadAnswer {
  readonly refused: string[] = [];
  readonly later: string[] = [];
  readonly #versions = new Map<string, number>();
  /** Epochs of rows with a value. A client that may see nothing of a store must not learn when it changes. */
  readonly #shownEpochs = new Set<string>();
  readonly #unreadable: string[] = [];
  readonly #rows: string[] = [];
  #left: number = answerLimits.maxBytes;
  #leftOfPiece: number = answerLimits.pieceLength;

  get isFull(): boolean {
    return this.#left <= 0;
  }

  /** True once after each {@link answerLimits.pieceLength}: the next piece may wait for its turn. */
  get isPieceFull(): boolean {
    if (this.#leftOfPiece > 0) return false;
    this.#leftOfPiece = answerLimits.pieceLength;
    return true;
  }

  /** Notes the version of a store that this server had before the rows were read. */
  noteVersion({ epoch, seq }: Version): void {
    this.#versions.set(epoch, seq);
  }

  add(key: string, rowOf: () => ValueRow): void {
    let row: ValueRow;
    try {
      row = rowOf();
    } catch (error) {
      if (!leaveOut(key, error)) throw error;
      this.#unreadable.push(key);
      return;
    }
    const length = key.length + (row[1]?.length ?? 0);
    this.#leftOfPiece -= length;
    // One value always fits.
    if (length > this.#left && this.#rows.length > 0) {
      this.later.push(key);
      this.#left = 0;
      return;
    }
    this.#left -= length;
    this.#shownEpochs.add(row[3]);
    this.#rows.push(rowText(row));
  }

  get text(): string {
    const { refused, later } = this;
    const unreadable = this.#unreadable;
    const shown = [...this.#versions].filter(([epoch]) => epoch !== "" && this.#shownEpochs.has(epoch));
    const lists: Omit<ReadReply, "rows"> = {
      refused,
      ...(unreadable.length > 0 && { unreadable }),
      ...(later.length > 0 && { later }),
      ...(shown.length > 0 && { versions: Object.fromEntries(shown) }),
    };
    return `{"rows":[${this.#rows.join(",")}],${JSON.stringify(lists).slice(1)}`;
  }
}
