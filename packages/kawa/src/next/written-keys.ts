import { createHash } from "node:crypto";
import { KawaError } from "../core/errors.ts";
import { processState } from "../core/process-state.ts";
import type { AskingClient } from "./asking-client.ts";
import { writeLimits } from "./limits.ts";

const hourMs = 60 * 60 * 1000;
/** Of all clients. A key takes some 50 bytes. */
const maxKeys = 500_000;

type Written = { readonly until: number; readonly keys: Set<number> };

/** Which keys each client has written in the last hour. A value that stays takes room for ever, so nobody may make any number of them. */
export class WrittenKeys {
  /** Oldest first. */
  readonly #byClient = new Map<string, Written>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @throws {KawaError} RATE_LIMITED - the client has written too many different keys */
  note({ session, address }: AskingClient, key: string): void {
    const { perSession, perAddress } = writeLimits.keysPerHour;
    const hash = hashOf(key);
    const ofAddress = this.#check(`address ${address}`, hash, perAddress);
    const ofSession = session === undefined ? undefined : this.#check(`session ${session}`, hash, perSession);
    for (const keys of [ofAddress, ofSession]) {
      if (!keys || keys.has(hash)) continue;
      keys.add(hash);
      this.#count += 1;
    }
    for (const [name, { keys }] of this.#byClient) {
      if (this.#count <= maxKeys) break;
      this.#forget(name, keys);
    }
  }

  #check(name: string, hash: number, max: number): Set<number> {
    const now = performance.now();
    for (const [oldest, { until, keys }] of this.#byClient) {
      if (until > now) break;
      this.#forget(oldest, keys);
    }
    let written = this.#byClient.get(name);
    if (!written) this.#byClient.set(name, (written = { until: now + hourMs, keys: new Set() }));
    if (written.keys.size < max || written.keys.has(hash)) return written.keys;
    throw new KawaError("RATE_LIMITED", `This client has written ${max} different keys in an hour, its limit (docs/limits.md).`);
  }

  #forget(name: string, keys: ReadonlySet<number>): void {
    this.#byClient.delete(name);
    this.#count -= keys.size;
  }
}

function hashOf(key: string): number {
  return createHash("sha1").update(key).digest().readUIntBE(0, 6);
}

export function writtenKeys(): WrittenKeys {
  return processState("written-keys", () => new WrittenKeys());
}
