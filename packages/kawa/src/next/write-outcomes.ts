import { processState } from "../core/process-state.ts";

const maxCount = 10_000;
const maxAgeMs = 60_000;

type Outcome = {
  /** True when somebody else was faster. */
  readonly isConflict: Promise<boolean>;
  readonly at: number;
};

/** What became of the last writes of browsers: one whose answer was lost is sent again, and must not be applied again. */
export class WriteOutcomes {
  // Oldest first.
  readonly #byId = new Map<string, Outcome>();

  /** The outcome of a write that is known; it may be a refusal. */
  find(id: string): Promise<boolean> | undefined {
    return this.#byId.get(id)?.isConflict;
  }

  add(id: string, isConflict: Promise<boolean>): void {
    const now = performance.now();
    for (const [known, { at }] of this.#byId) {
      if (this.#byId.size < maxCount && now - at < maxAgeMs) break;
      this.#byId.delete(known);
    }
    this.#byId.set(id, { isConflict, at: now });
  }
}

export function writeOutcomes(): WriteOutcomes {
  return processState("write-outcomes", () => new WriteOutcomes());
}
