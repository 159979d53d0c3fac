import { type Entry, type Reader, type Snapshot, unknownEntry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { isKawaError } from "../../core/errors/errors.ts";
import { Loader } from "../../core/backend/loader.ts";
import { cell, type Cell, type ReadonlyCell } from "../../core/process/reactive.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import type { Version } from "../../core/value/version.ts";
import type { ActorLink } from "./actor-link.ts";
import { type Asking, by } from "./asking.ts";
import type { Declarations } from "./declarations.ts";
import type { Replies } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";

export type GuardedReaderOptions = Asking & {
  readonly link: ActorLink;
  readonly declarations: Declarations;
  readonly timeoutMs: number;
};

/**
 * What one identity may see, asked of the actor's hooks key by key. It lives as long as the render that made it, and no other render reads
 * from it.
 */
export class GuardedReader implements Reader {
  readonly #cells = new Map<string, Cell<Entry>>();
  readonly #loader: Loader;

  constructor({ link, declarations, timeoutMs, ...asking }: GuardedReaderOptions, at?: Version) {
    const body = { ...(at === undefined ? {} : { at }), ...by(asking) };
    const read = async (keys: readonly string[]): Promise<Map<string, unknown>> => {
      const due = declarations.due(keys);
      if (due) await due;
      const reply = await link.ask(performance.now() + timeoutMs, (connection) =>
        connection.ask("read", { keys, ...body }),
      );
      this.take(reply);
      return new Map(reply.refused?.map(([key, error]) => [key, fromReplyError(error)]));
    };
    this.#loader = new Loader(read, { isApart: () => link.isLocal });
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.#cell(key);
  }

  async load(keys: readonly string[]): Promise<void> {
    const missing = keys.filter((key) => this.#cell(key).peek().state === "unknown");
    try {
      if (missing.length > 0) await this.#loader.load(missing);
    } finally {
      const pause = pauseIfDue();
      if (pause) await pause;
    }
  }

  protected take({ rows }: Replies["read"]): void {
    for (const [key, text, seq] of rows) this.#cell(key).value = createEntry(seq, text);
  }

  #cell(key: string): Cell<Entry> {
    let found = this.#cells.get(key);
    if (!found) this.#cells.set(key, (found = cell<Entry>(unknownEntry)));
    return found;
  }
}

/** Whether one identity is shown a value of the key. */
export async function seesValue(key: string, options: GuardedReaderOptions): Promise<boolean> {
  const reader = new GuardedReader(options);
  try {
    await reader.load([key]);
  } catch (error) {
    if (isKawaError(error, "ACTION_REFUSED")) return false;
    throw error;
  }
  return reader.entry(key).peek().state === "present";
}

/**
 * What one identity may see of one version. The hooks are given the values of that version; what else they look at is live. It holds
 * nothing that would have to be released.
 */
export class GuardedSnapshot extends GuardedReader implements Snapshot {
  readonly version: Version;
  readonly identity: string;
  #isConsistent = true;

  constructor(options: GuardedReaderOptions) {
    const { version } = options.link.replica;
    super(options, version);
    this.version = version;
    this.identity = options.context ?? "";
  }

  get isConsistent(): boolean {
    return this.#isConsistent;
  }

  peek(key: string): Entry {
    return this.entry(key).peek();
  }

  release(): void {}

  protected override take(reply: Replies["read"]): void {
    const { epoch, seq } = this.version;
    if (reply.epoch !== epoch || reply.rows.some((row) => row[2] > seq)) this.#isConsistent = false;
    super.take(reply);
  }
}
