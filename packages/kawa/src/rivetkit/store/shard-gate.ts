import { KawaError } from "../../core/errors/errors.ts";
import {
  incomplete,
  layoutIn,
  layoutKey,
  type ShardBy,
  type ShardLayout,
  shardsMismatch,
  unsharded,
} from "../sharding/shard-layout.ts";
import type { Row, Write } from "../wire/protocol.ts";

/**
 * What an actor takes, by how its backend is divided: writes wait behind a fence while its rows are copied, and are refused once the backend
 * is divided otherwise, so that none of them is lost. Who copies writes the layout, alone or with rows, and always passes.
 *
 *     open ── fence ──▶ fenced ── another number ──▶ moved
 *      ▲                  │                           │
 *      └── no fence ◀─────┘      own number again ────┘
 */
export class ShardGate {
  /** Into how many shards the backend is divided of which the actor is a part. */
  readonly own: number;
  #layout: ShardLayout | undefined;

  constructor(own: number) {
    this.own = own;
  }

  get state(): "open" | "fenced" | "moved" {
    if (this.#layout && this.#layout.shards !== this.own) return "moved";
    return this.#layout?.isFenced ? "fenced" : "open";
  }

  /** True while a copy keeps writes from being taken, or the actor from serving: its process may be gone. */
  get isHeldUp(): boolean {
    return this.#layout?.isFenced === true || this.#layout?.shards === incomplete;
  }

  /** What decides which key is where; undefined where the actor keeps no layout. */
  get by(): ShardBy | undefined {
    return this.#layout?.by;
  }

  /** Takes over what was committed, or restored. True where it has another layout now. */
  note(rows: Iterable<Row>): boolean {
    let isOther = false;
    for (const [key, text] of rows) {
      if (key !== layoutKey) continue;
      this.#layout = layoutIn(text);
      isOther = true;
    }
    return isOther;
  }

  /** True for a batch of whoever copies: it begins with the layout. */
  passes(writes: readonly Write[]): boolean {
    return turnOf(writes) !== undefined;
  }

  /** True for a batch of a copy after which another one has begun. */
  isLate(writes: readonly Write[]): boolean {
    const turn = turnOf(writes);
    return turn !== undefined && turn < (this.#layout?.turn ?? 0);
  }

  /** @throws {KawaError} SHARDS_MISMATCH, or BACKEND_UNAVAILABLE while a copy is made here - the actor serves no server */
  check(): void {
    const error = this.error;
    if (error) throw error;
  }

  get error(): KawaError | undefined {
    if (this.state !== "moved") return undefined;
    const { shards, by } = this.#layout!;
    return shards === incomplete
      ? new KawaError("BACKEND_UNAVAILABLE", "The values of this shard are being copied.")
      : shardsMismatch({ shards, by }, { ...unsharded, shards: this.own });
  }
}

export function lateError(): KawaError {
  return new KawaError("SHARDS_MISMATCH", "Another process has begun to copy the values, or has given this copy up.");
}

function turnOf([first]: readonly Write[]): number | undefined {
  return first && "text" in first && first.key === layoutKey ? (layoutIn(first.text)?.turn ?? 0) : undefined;
}
