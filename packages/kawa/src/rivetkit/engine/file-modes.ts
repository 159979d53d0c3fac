import { accessSync, chmodSync, constants, statSync } from "node:fs";
import { KawaError } from "../../core/errors/errors.ts";

const others = 0o077;
const sticky = 0o1000;

/**
 * Closes a file or folder to other users, if there is one.
 *
 * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - it belongs to another user, or the file system knows no modes
 */
export function closeToOthers(path: string): void {
  if (isClosed(path)) return;
  let cause: unknown;
  try {
    chmodSync(path, statSync(path).mode & 0o700);
  } catch (error) {
    cause = error;
  }
  if (isClosed(path)) return;
  throw new KawaError(
    "ENGINE_FOLDER_UNWRITABLE",
    `Other users of this machine can read ${path}, and the embedded engine cannot change that. Let the folder belong to the user who ` +
      `runs the server, or set KAWA_DATA_DIR to a folder on a file system that has modes.`,
    { cause },
  );
}

/**
 * Checks that this process can use a file or folder, if there is one.
 *
 * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - it may not be read, or written where that is needed, or is of another kind
 */
export function checkUsable(path: string, kind: "file" | "folder" | "log"): void {
  const { R_OK, W_OK, X_OK } = constants;
  const isFolder = kind === "folder";
  let problem: string | undefined;
  let cause: unknown;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) return;
    if (isFolder ? !found.isDirectory() : !found.isFile())
      problem = `is not a ${isFolder ? "folder" : "file"}. Move it away`;
    // All files but the log are replaced, never written over.
    else accessSync(path, isFolder ? R_OK | W_OK | X_OK : kind === "log" ? R_OK | W_OK : R_OK);
  } catch (error) {
    problem = `cannot be ${kind === "file" ? "read" : "read and written"}. Let it belong to the user who runs the server`;
    cause = error;
  }
  if (problem === undefined) return;
  throw new KawaError("ENGINE_FOLDER_UNWRITABLE", `${path} ${problem}, or set KAWA_DATA_DIR to another folder.`, {
    cause,
  });
}

/** The folder around them may be a volume of the system's, or shared with other programs, such as `/tmp`. */
export function closeFolderIfOwn(path: string): void {
  const { uid, mode } = statSync(path);
  if (uid === process.getuid?.() && (mode & sticky) === 0) closeToOthers(path);
}

/** Windows has no modes; there the folders of a user are closed to others. */
function isClosed(path: string): boolean {
  if (process.platform === "win32") return true;
  const found = statSync(path, { throwIfNoEntry: false });
  return !found || (found.mode & others) === 0;
}
