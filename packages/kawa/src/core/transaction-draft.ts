import { writeOptions } from "#platform";
import type { Entry } from "./backend/backend.ts";
import { createPresentEntry, type PresentEntry } from "./backend/entry.ts";
import { maxTransactionKeys, type TransactionRead, type TransactionWrite } from "./backend/transacting.ts";
import { clip, KawaError } from "./errors/errors.ts";
import type { BackedSignal } from "./signal.ts";
import { firstVersion } from "./value/value-version.ts";
import { applyChange, type CommutingChange, decodeChange, encodeChange } from "./value/commuting.ts";
import { encodeValue } from "./value/value.ts";

/** A key of a transaction: what it held, what it will hold, and changes of what is not read here. */
type Draft = {
  readonly signal: BackedSignal<unknown>;
  base?: Entry;
  made?: Entry;
  changes: CommutingChange[];
};

/** What a transaction has read and wants to write. */
export class TransactionDraft {
  readonly #read: TransactionRead;
  readonly #drafts = new Map<string, Draft>();

  constructor(read: TransactionRead) {
    this.#read = read;
  }

  async get(signal: BackedSignal<unknown>): Promise<unknown> {
    const draft = this.#draftOf(signal);
    if (!draft.made && !draft.base) {
      const base = await this.#read(signal.key);
      // A write of the transaction may have come meanwhile.
      draft.base ??= base;
      for (const change of draft.changes.splice(0)) this.alter(signal, change);
    }
    return signal.valueIn(draft.made ?? draft.base!);
  }

  set(signal: BackedSignal<unknown>, value: unknown): void {
    const draft = this.#draftOf(signal);
    draft.made = createPresentEntry(0, encodeValue(signal.key, value, undefined, versionOf(signal)));
    draft.changes = [];
  }

  delete(signal: BackedSignal<unknown>): void {
    const draft = this.#draftOf(signal);
    draft.made = { state: "absent", seq: 0 };
    draft.changes = [];
  }

  /** Of what is known here the result is computed at once, of anything else by the actor: so it is in conflict with nobody. */
  alter(signal: BackedSignal<unknown>, given: CommutingChange): void {
    const draft = this.#draftOf(signal);
    const { key } = signal;
    const change = decodeChange(encodeChange(key, given));
    const known = draft.made ?? draft.base;
    if (known) this.set(signal, applyChange(key, signal.valueIn(known), change));
    else draft.changes.push(change);
  }

  async writes(): Promise<readonly TransactionWrite[]> {
    for (const { signal, changes } of this.#drafts.values()) {
      // The actor cannot migrate what it finds.
      if (changes.length > 0 && versionOf(signal) > firstVersion) await this.get(signal);
    }
    return [...this.#drafts.values()].flatMap((draft) => writeOf(draft) ?? []);
  }

  /** The signals that it writes. */
  get written(): readonly BackedSignal<unknown>[] {
    return [...this.#drafts.values()]
      .filter(({ made, changes }) => made || changes.length > 0)
      .map(({ signal }) => signal);
  }

  #draftOf(signal: BackedSignal<unknown>): Draft {
    const { key } = signal;
    let draft = this.#drafts.get(key);
    if (!draft) {
      if (this.#drafts.size === maxTransactionKeys) {
        const message = `A transaction uses at most ${maxTransactionKeys} signals; "${clip(key)}" is one more.`;
        throw new KawaError("TRANSACTION_INVALID", message);
      }
      this.#drafts.set(key, (draft = { signal, changes: [] }));
    }
    return draft;
  }
}

/** Of the definition; in a browser `exposure` has it. */
function versionOf({ shape, exposure }: BackedSignal<unknown>): number {
  return (shape ?? exposure)?.version ?? firstVersion;
}

function writeOf({ signal, made, changes }: Draft): TransactionWrite | undefined {
  if (!made && changes.length === 0) return undefined;
  const { key } = signal;
  const { ttlMs, version } = writeOptions(signal, {}) ?? {};
  if (!made) return { key, changes, initial: signal.initialEntry, ttlMs };
  return made.state === "present"
    ? { key, value: (made as PresentEntry).value, ttlMs, version }
    : { key, isDeleted: true };
}
