import { rowText } from "../values/row-text.ts";
import { turns } from "../limits/turns.ts";
import { ValueFeed, type ValueFeedOptions } from "./value-feed.ts";

export type SentValuesOptions = Pick<ValueFeedOptions, "signals" | "asOpener" | "address" | "needsDrain"> & {
  /** Sends an event of rows, given as JSON. */
  readonly send: (json: string) => void;
};

/**
 * Sends the values of one stream at once, since client components need no render for them. What does not fit into one event waits for its
 * turn.
 */
export class SentValues {
  readonly #options: SentValuesOptions;
  readonly #feed: ValueFeed;
  #isWaiting = false;

  constructor(options: SentValuesOptions) {
    this.#options = options;
    this.#feed = new ValueFeed({ ...options, onRows: () => this.#flush() });
  }

  /** How many keys it follows. */
  get size(): number {
    return this.#feed.size;
  }

  start(): void {
    this.#feed.start();
  }

  stop(): void {
    this.#feed.stop();
  }

  /** The browser has drained what was buffered. */
  resume(): void {
    this.#flush();
    this.#feed.resume();
  }

  #flush(): void {
    if (this.#isWaiting) return;
    // While an event is sent, the browser may drain, which leads here again.
    this.#isWaiting = true;
    if (!this.#sendEvent() || !this.#feed.hasRows) {
      this.#isWaiting = false;
      return;
    }
    void turns()
      .next(this.#options.address)
      .then(() => {
        this.#isWaiting = false;
        this.resume();
      });
  }

  /** False when there was nothing to send. */
  #sendEvent(): boolean {
    const values = this.#options.needsDrain() ? undefined : this.#feed.take();
    if (!values) return false;
    const lists = values.lists ? `,"lists":${JSON.stringify(values.lists)}` : "";
    this.#options.send(`{"rows":[${values.rows.map(rowText).join(",")}]${lists}}`);
    return true;
  }
}
