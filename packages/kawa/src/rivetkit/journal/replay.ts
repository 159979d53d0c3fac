import { KawaError } from "../../core/errors/errors.ts";
import { isCold } from "../storage/cold-keys.ts";
import type { StoreHandle, StoredRow } from "../storage/storage.ts";
import type { EngineStore } from "./engine-files.ts";
import type { JournalContent, JournalEntry } from "./journal-line.ts";

export type ReplayOptions = {
  readonly handle: StoreHandle;
  /** Set where commits are acknowledged when the disk has them. */
  readonly engine: EngineStore | undefined;
  /** Id of the actor that the engine knows. */
  readonly actor: string;
  /** Name and key of the actor, for people. */
  readonly name: string;
  readonly folder: string;
};

/** What an actor begins with. */
export type Replayed = {
  readonly rows: readonly StoredRow[];
  /** Newest commit that the storage has as safely as was promised. */
  readonly stored: number;
  /** Commits after it. They are in `rows` already, and are to be stored. */
  readonly missing: readonly JournalEntry[];
};

/**
 * Puts together what the storage and the journal have. To store the commits that only the journal has takes seconds, and may be done later:
 * the engine gives up an actor that does not start in time.
 *
 * @throws {KawaError} STORE_INCOMPLETE - neither has a commit that was acknowledged
 */
export async function replay(left: JournalContent, options: ReplayOptions): Promise<Replayed> {
  const { handle, engine, actor } = options;
  const known = left.headers.find((header) => header.actor !== actor)?.actor;
  if (known !== undefined) {
    throw incomplete(options, `the engine knows the actor ${actor} instead of ${known}, and none of its values`);
  }
  const rows = new Map((await handle.load(0)).map((row) => [row.key, row]));
  const stored = [...rows.values()].reduce((seq, row) => Math.max(seq, row.seq), -1);
  const missing = following(left.entries, stored);
  const seq = stored + missing.length;
  const newest = Math.max(
    ...left.headers.map((header) => header.stored),
    left.entries.reduce((last, entry) => Math.max(last, entry[0]!.seq), -1),
  );
  if (newest > seq) reportGap(left, options, `commits ${seq + 1} to ${newest} are missing, or some of them`);
  for (const entry of missing) for (const row of entry) if (!isCold(row.key)) rows.set(row.key, row);
  // The headers also say who the actor is, and what the incarnation before had stored last.
  await engine?.flush();
  return { rows: [...rows.values()], stored, missing };
}

/** The commits after one, without those after a gap. */
function following(entries: readonly JournalEntry[], seq: number): readonly JournalEntry[] {
  const bySeq = new Map(entries.map((entry) => [entry[0]!.seq, entry]));
  const found: JournalEntry[] = [];
  for (let entry = bySeq.get(seq + 1); entry; entry = bySeq.get(seq + found.length + 1)) found.push(entry);
  return found;
}

function reportGap({ headers }: JournalContent, options: ReplayOptions, what: string): void {
  if (headers.length > 0 && headers.every((header) => header.isFlushed)) throw incomplete(options, what);
  console.error(
    `[kawa] The store of the actor ${options.name} is incomplete, as after a power cut: ${what}. The actor goes on without them.`,
  );
}

function incomplete({ name, folder }: ReplayOptions, what: string): KawaError {
  return new KawaError(
    "STORE_INCOMPLETE",
    `The store of the actor ${name} is incomplete: ${what}. Stop the app and restore a backup of its whole data folder. ` +
      `To go on without what is missing, stop the app and delete ${folder}.`,
  );
}
