import { sizeOf, type Write } from "../wire/protocol.ts";
import type { ShardRows } from "./shard-actor.ts";

/** Writes of a copy: a row, or none any more. */
export type CopyWrite = Extract<Write, { readonly text: string | null }>;

const maxBatchRows = 500;
/** Most characters of a batch. */
const maxBatchSize = 1024 * 1024;

export type CopyBatchesOptions = {
  /** In the order of their shards. */
  readonly targets: readonly ShardRows[];
  /** What each batch begins with. */
  readonly pass: Write;
};

/** Writes on their way to each shard of a copy, in order. */
export class CopyBatches {
  readonly #options: CopyBatchesOptions;
  readonly #waiting: { writes: Write[]; size: number }[];
  /** How many writes were put. */
  count = 0;

  constructor(options: CopyBatchesOptions) {
    this.#options = options;
    this.#waiting = options.targets.map(() => ({ writes: [], size: 0 }));
  }

  get targets(): readonly ShardRows[] {
    return this.#options.targets;
  }

  /** Writes given together are committed together. */
  async put(index: number, ...writes: readonly CopyWrite[]): Promise<void> {
    const waiting = this.#waiting[index]!;
    waiting.writes.push(...writes);
    for (const { key, text } of writes) waiting.size += sizeOf([key, text, 0]);
    this.count += writes.length;
    if (waiting.writes.length >= maxBatchRows || waiting.size >= maxBatchSize) await this.#send(index);
  }

  async flush(): Promise<void> {
    for (const index of this.#waiting.keys()) await this.#send(index);
  }

  /** At once. */
  async write(target: ShardRows, writes: readonly Write[]): Promise<void> {
    await target.write([this.#options.pass, ...writes]);
  }

  async #send(index: number): Promise<void> {
    const { writes } = this.#waiting[index]!;
    if (writes.length === 0) return;
    this.#waiting[index] = { writes: [], size: 0 };
    await this.write(this.targets[index]!, writes);
  }
}
