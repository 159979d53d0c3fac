import { createHash } from "node:crypto";
import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { writeLimits } from "../limits/limits.ts";

const hourMs = 60 * 60 * 1000;
/** Most keys of all clients together. A key takes some 50 bytes. */
const maxKeys = 500_000;

type Counted = { readonly keys: Set<number>; readonly max: number; readonly isFull: boolean; readonly waitMs: number };
type Written = { readonly until: number; readonly keys: Set<number> };

/** Which keys each client has written in the last hour. */
export class WrittenKeys {
  /** Oldest first. */
  readonly #byClient = new Map<string, Written>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @throws {KawaError} RATE_LIMITED - the client has named too many different keys; `data.retryAfterMs` says when there is room again */
  note({ session, address }: AskingClient, key: string): void {
    const { perSession, perAddress } = writeLimits.keysPerHour;
    const hash = hashOf(key);
    const counted = [this.#ofClient(`address ${address}`, hash, perAddress)];
    if (session !== undefined) counted.push(this.#ofClient(`session ${session}`, hash, perSession));
    const full = counted.filter(({ isFull }) => isFull);
    if (full.length > 0) throw tooManyKeys(full);
    for (const { keys } of counted) {
      if (keys.has(hash)) continue;
      keys.add(hash);
      this.#count += 1;
    }
    for (const [name, { keys }] of this.#byClient) {
      if (this.#count <= maxKeys) break;
      this.#forget(name, keys);
    }
  }

  #ofClient(name: string, hash: number, max: number): Counted {
    const now = performance.now();
    for (const [oldest, { until, keys }] of this.#byClient) {
      if (until > now) break;
      this.#forget(oldest, keys);
    }
    let written = this.#byClient.get(name);
    if (!written) this.#byClient.set(name, (written = { until: now + hourMs, keys: new Set() }));
    const { keys, until } = written;
    return { keys, max, isFull: keys.size >= max && !keys.has(hash), waitMs: Math.ceil(until - now) };
  }

  #forget(name: string, keys: ReadonlySet<number>): void {
    this.#byClient.delete(name);
    this.#count -= keys.size;
  }
}

function tooManyKeys(full: readonly Counted[]): KawaError {
  const max = Math.min(...full.map((counted) => counted.max));
  const retryAfterMs = Math.max(...full.map(({ waitMs }) => waitMs));
  return new KawaError(
    "RATE_LIMITED",
    `This client has saved ${max} different keys in an hour, its limit (docs/limits.md).`,
    {
      data: {
        retryAfterMs,
        isPublic: true,
        publicMessage: `Too many different things were saved within an hour. Please try again in ${Math.ceil(retryAfterMs / 60_000)} minutes.`,
      },
    },
  );
}

export function hashOf(key: string): number {
  return createHash("sha1").update(key).digest().readUIntBE(0, 6);
}

/** A value that is not ephemeral takes room for ever, so the number of keys is limited. */
export function writtenKeys(): WrittenKeys {
  return processState("written-keys", () => new WrittenKeys());
}
