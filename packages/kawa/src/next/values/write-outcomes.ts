import { processState } from "../../core/process/process-state.ts";
import { writeLimits } from "../limits/limits.ts";

const maxAgeMs = 60_000;

/** What became of a write: `isConflict` when another writer was faster, `made` what an increment has made. */
export type WriteOutcome = { readonly isConflict: boolean; readonly made?: unknown };

type Outcome = {
  readonly outcome: Promise<WriteOutcome>;
  readonly address: string;
  readonly at: number;
};

/** What became of the last writes of browsers: one whose answer was lost is sent again, and must not be applied again. */
export class WriteOutcomes {
  // Oldest first.
  readonly #byId = new Map<string, Outcome>();
  /** Ids of each address, oldest first: a client that writes much displaces only its own outcomes. */
  readonly #byAddress = new Map<string, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  /** The outcome of a write that is known; it may be a refusal. */
  find(id: string): Promise<WriteOutcome> | undefined {
    return this.#byId.get(id)?.outcome;
  }

  /** `id` names the write and its client. */
  add(id: string, address: string, outcome: Promise<WriteOutcome>): void {
    const now = performance.now();
    for (const [known, { at }] of this.#byId) {
      if (this.#byId.size < writeLimits.outcomes.perProcess && now - at < maxAgeMs) break;
      this.#forget(known);
    }
    let ids = this.#byAddress.get(address);
    if (ids && ids.size >= writeLimits.outcomes.perAddress) this.#forget(ids.values().next().value!);
    ids = this.#byAddress.get(address);
    if (!ids) this.#byAddress.set(address, (ids = new Set()));
    ids.add(id);
    this.#byId.set(id, { outcome, address, at: now });
  }

  #forget(id: string): void {
    const { address } = this.#byId.get(id)!;
    this.#byId.delete(id);
    const ids = this.#byAddress.get(address)!;
    ids.delete(id);
    if (ids.size === 0) this.#byAddress.delete(address);
  }
}

export function writeOutcomes(): WriteOutcomes {
  return processState("write-outcomes", () => new WriteOutcomes());
}
