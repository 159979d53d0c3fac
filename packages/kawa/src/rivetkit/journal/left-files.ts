import { join } from "node:path";
import type { Disk } from "./disk.ts";
import { decodeJournal, type JournalContent } from "./journal-line.ts";

/** An older version put journals aside in which it could not read a line. */
const damagedSuffix = ".damaged";

/** Reads what earlier incarnations have left in a journal's folder, also files that one of them had taken over before it ended. */
export async function readLeftFiles(
  folder: string,
  disk: Disk,
): Promise<{ content: JournalContent; paths: readonly string[] }> {
  const names = (await disk.list(folder)).filter((name) => name !== "current" && !name.endsWith(damagedSuffix));
  const paths = names.map((name) => join(folder, name));
  const found: JournalContent[] = [];
  for (const path of paths) {
    const bytes = await disk.read(path);
    if (bytes) found.push(await decodeJournal(bytes));
  }
  return {
    content: { headers: found.flatMap(({ headers }) => headers), entries: found.flatMap(({ entries }) => entries) },
    paths,
  };
}
