import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";

/** What distinguishes a folder from its copies: no copy has both the inode and the time of birth of its original. */
export type FolderIdentity = {
  /** Path on its device: the same folder has another path in each container that mounts it. */
  readonly place: string;
  readonly device: string;
  readonly inode: string;
  /** Time of birth in nanoseconds; "0" where the file system does not know it. */
  readonly bornAt: string;
};

/** `replaced`: other data in the same place, such as a backup. */
export type Kinship = "same" | "replaced" | "copy";

export function identityOf(path: string): FolderIdentity {
  const { dev, ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true });
  // Node gives the time of the last change where the file system has no time of birth.
  const bornAt = birthtimeNs === ctimeNs ? 0n : birthtimeNs;
  return { place: placeOf(realpathSync(path)), device: String(dev), inode: String(ino), bornAt: String(bornAt) };
}

export function kinshipOf(recorded: FolderIdentity, now: FolderIdentity): Kinship {
  const isSamePlace = recorded.place === now.place;
  const isSameInode = recorded.inode === now.inode;
  const isBirthKnown = recorded.bornAt !== "0" && now.bornAt !== "0";
  // Device numbers change when a machine starts anew, inodes in some containers; some copies keep the time of birth.
  const isSame = isBirthKnown
    ? recorded.bornAt === now.bornAt && (isSameInode || isSamePlace)
    : isSameInode && (recorded.device === now.device || isSamePlace);
  if (isSame) return "same";
  return isSamePlace && recorded.device === now.device ? "replaced" : "copy";
}

export function readIdentity(file: string): FolderIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as FolderIdentity;
    const parts = [value.place, value.device, value.inode, value.bornAt];
    return parts.every((part) => typeof part === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

export function writeIdentity(file: string, identity: FolderIdentity): void {
  const next = `${file}.${process.pid}.${threadId}`;
  writeFileSync(next, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  renameSync(next, file);
}

/** Two volumes have the same path in two containers; what the kernel mounts there differs. */
function placeOf(path: string): string {
  let mounts: string;
  try {
    mounts = readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return path;
  }
  let place = path;
  let longest = 0;
  for (const line of mounts.split("\n")) {
    const [, , , root = "", point = ""] = line.split(" ").map(unescapeMount);
    const prefix = point.endsWith("/") ? point : `${point}/`;
    if (point === "" || point.length < longest || !`${path}/`.startsWith(prefix)) continue;
    longest = point.length;
    place = join(root, path.slice(point.length));
  }
  return place;
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
