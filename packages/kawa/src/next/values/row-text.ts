import { processState } from "../../core/process/process-state.ts";
import type { ValueRow } from "../../browser/value-protocol.ts";

/** Shorter texts are encoded faster than looked up. */
const minLength = 1_024;
/** Most characters of all texts that are remembered. */
const maxLength = 8 * 1024 * 1024;
const forgetAfterMs = 2_000;

/** Values on their way to browsers, each written as JSON once for all that ask at the same time. */
export class QuotedTexts {
  readonly #byText = new Map<string, string>();
  #length = 0;
  #timer: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#byText.size;
  }

  of(text: string): string {
    if (text.length < minLength) return JSON.stringify(text);
    let quoted = this.#byText.get(text);
    if (quoted === undefined) this.#add(text, (quoted = JSON.stringify(text)));
    return quoted;
  }

  #add(text: string, quoted: string): void {
    this.#byText.set(text, quoted);
    this.#length += quoted.length;
    for (const [oldest, { length }] of this.#byText) {
      if (this.#length <= maxLength) break;
      this.#byText.delete(oldest);
      this.#length -= length;
    }
    // Soon the next one is asked for, or none.
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#forget(), forgetAfterMs).unref();
  }

  #forget(): void {
    this.#timer = undefined;
    this.#byText.clear();
    this.#length = 0;
  }
}

/** A row as JSON. */
export function rowText([key, text, seq, epoch]: ValueRow): string {
  const quoted = text === null ? "null" : processState("quoted-texts", () => new QuotedTexts()).of(text);
  return `[${JSON.stringify(key)},${quoted},${seq},${JSON.stringify(epoch)}]`;
}
