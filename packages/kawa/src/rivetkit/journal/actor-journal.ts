import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoreHandle } from "../storage/storage.ts";
import { realDisk } from "./disk.ts";
import type { EngineStore } from "./engine-files.ts";
import { journaled } from "./journaled-handle.ts";

/** The journals of an embedded engine's actors. */
export type Journals = { readonly path: string; readonly engine: EngineStore };

export type ActorJournalOptions = {
  readonly journals: Journals;
  readonly durability: "disk" | "process";
  /** Id of the actor that the engine knows. */
  readonly id: string;
  /** Name of the actor, then its key. */
  readonly name: readonly string[];
};

/** Opens the journal of an actor. An actor that the engine knows under another id than before is recognised by its name. */
export async function openActorJournal(handle: StoreHandle, options: ActorJournalOptions): Promise<StoreHandle> {
  const { journals, durability, id, name } = options;
  const folder = journalFolder(journals.path, name);
  // Older versions named the folder after the id.
  if ((await realDisk.list(folder)).length === 0)
    await realDisk.rename(join(/*turbopackIgnore: true*/ journals.path, id), folder);
  const engine = durability === "disk" ? journals.engine : undefined;
  return journaled({ handle, engine, actor: id, name: name.join("/"), folder });
}

/** Removes the journal of an actor that was destroyed: the next actor of its name begins anew. */
export async function removeActorJournal({ path }: Journals, name: readonly string[]): Promise<void> {
  await rm(journalFolder(path, name), { recursive: true, force: true });
}

/** Keys may have any length and letters, names of files may not. */
function journalFolder(path: string, name: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify(name)).digest("hex");
  return join(/*turbopackIgnore: true*/ path, hash.slice(0, 32));
}
