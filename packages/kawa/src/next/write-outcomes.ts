import { processState } from "../core/process-state.ts";
import type { WriteReply } from "../core/value-row.ts";

const maxCount = 10_000;
const maxAgeMs = 60_000;

type Outcome = { readonly reply: Promise<WriteReply>; readonly at: number };

/** What became of the last writes of browsers: one whose answer was lost is sent again, and must not be applied again. */
export class WriteOutcomes {
  // Oldest first.
  readonly #byId = new Map<string, Outcome>();

  /** Performs a write, unless it was performed already: then gives the same outcome, also when that was a refusal. */
  once(id: string, perform: () => Promise<WriteReply>): Promise<WriteReply> {
    const now = performance.now();
    for (const [known, { at }] of this.#byId) {
      if (this.#byId.size <= maxCount && now - at < maxAgeMs) break;
      this.#byId.delete(known);
    }
    let outcome = this.#byId.get(id);
    if (!outcome) this.#byId.set(id, (outcome = { reply: perform(), at: now }));
    return outcome.reply;
  }
}

export function writeOutcomes(): WriteOutcomes {
  return processState("write-outcomes", () => new WriteOutcomes());
}
