import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { KawaError } from "../../core/errors/errors.ts";
import { checkSecret, createSecret } from "../secret/shared-secret.ts";
import { claimFolder, copiedName, originalName } from "./claim-folder.ts";
import { asDiskFailure } from "./disk-check.ts";
import { checkUsable, closeFolderIfOwn, closeToOthers } from "./file-modes.ts";
import type { ProcessMark } from "./process-mark.ts";

const tokenName = "admin-token";
const previousName = "secret.previous";

/** What the folder remembers of its engine. */
export type EngineRecord = {
  /** Process id of the engine, 0 when it was stopped. */
  readonly pid: number;
  readonly port: number;
  /** Process that started the engine, and that stops it. */
  readonly ownerPid: number;
  /** Missing in records of older versions. */
  readonly engine?: ProcessMark;
  readonly owner?: ProcessMark & { readonly thread: number };
};

/** The project's `.rivet/` folder: data, log, secret, the engine's token and the record of the running engine. */
export class EngineFolder {
  readonly path: string;
  /** Inode of its data. */
  #inode: bigint | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the folder, makes it where there is none, and makes a copy of another folder one of its own.
   *
   * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the folder, or a file in it, cannot be made, read, written, or closed to other users
   * @throws {KawaError} ENGINE_START_FAILED - another process does not end to make this copy one of its own
   * @throws {KawaError} DISK_FAILED - the disk is full
   */
  static open(path: string): EngineFolder {
    try {
      return EngineFolder.#open(path);
    } catch (error) {
      throw asDiskFailure(error, path);
    }
  }

  static #open(path: string): EngineFolder {
    const folder = new EngineFolder(path);
    try {
      mkdirSync(folder.dataPath, { recursive: true, mode: 0o700 });
      const ignore = join(/*turbopackIgnore: true*/ path, ".gitignore");
      if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
      const probe = join(path, `.write-${process.pid}.${threadId}`);
      writeFileSync(probe, "");
      rmSync(probe, { force: true });
    } catch (cause) {
      throw new KawaError(
        "ENGINE_FOLDER_UNWRITABLE",
        `The embedded engine cannot write to ${path}. Make the folder writable, or set KAWA_DATA_DIR to one that is.`,
        { cause },
      );
    }
    const folders = [folder.dataPath, folder.journalPath];
    const files = ["secret", previousName, tokenName, "engine.json", "identity.json"].map((name) => folder.#path(name));
    for (const each of folders) checkUsable(each, "folder");
    for (const each of files) checkUsable(each, "file");
    checkUsable(folder.logPath, "log");
    closeFolderIfOwn(path);
    for (const each of [...folders, ...files, folder.logPath, folder.#path(originalName)]) closeToOthers(each);
    claimFolder(path, folder.dataPath);
    folder.#inode = inodeOf(folder.dataPath);
    return folder;
  }

  /** True while the folder is not in its place: it was deleted, moved or replaced by another one. */
  get isGone(): boolean {
    return inodeOf(this.dataPath) !== this.#inode;
  }

  get dataPath(): string {
    return join(this.path, "data");
  }

  /** Folder of the actors' journals: what they have committed and the engine does not store yet. */
  get journalPath(): string {
    return join(this.path, "journal");
  }

  get logPath(): string {
    return join(this.path, "engine.log");
  }

  get lockPath(): string {
    return join(this.path, "engine.lock");
  }

  /** Whether its store still has the namespace of the folder that this one is a copy of. */
  get hasNamespaceOfOriginal(): boolean {
    return existsSync(this.#path(copiedName));
  }

  forgetNamespaceOfOriginal(): void {
    rmSync(this.#path(copiedName), { force: true });
  }

  readRecord(): EngineRecord | undefined {
    try {
      const record = JSON.parse(readFileSync(this.#recordPath, "utf8")) as EngineRecord;
      return [record.pid, record.port, record.ownerPid].every(Number.isInteger) ? record : undefined;
    } catch {
      return undefined;
    }
  }

  writeRecord(record: EngineRecord): void {
    const next = `${this.#recordPath}.${process.pid}.${threadId}`;
    writeFileSync(next, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(next, this.#recordPath);
  }

  /**
   * The secret of this folder, made on first use and readable by its owner only.
   *
   * @throws {KawaError} SECRET_MISSING - the file holds a shorter one
   */
  secret(): string {
    const secret = this.#keep("secret");
    checkSecret(this.#path("secret"), secret);
    return secret;
  }

  /**
   * What the engine of this folder asks for, made and kept as {@link secret}.
   *
   * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the file holds something else
   */
  adminToken(): string {
    const token = this.#keep(tokenName);
    if (!/^[\x20-\x7e]+$/.test(token)) {
      throw new KawaError(
        "ENGINE_FOLDER_UNWRITABLE",
        `${this.#path(tokenName)} holds no token. Stop the servers of this folder, and delete it: Kawa makes another one.`,
      );
    }
    return token;
  }

  #keep(name: string): string {
    const path = this.#path(name);
    const found = readText(path);
    if (found) return found;
    const next = `${path}.${process.pid}.${threadId}`;
    writeFileSync(next, createSecret(), { mode: 0o600 });
    try {
      // When two processes start at once, the link decides whose file counts. An empty file is left by an interrupted start.
      if (found === undefined) linkSync(next, path);
      else renameSync(next, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    rmSync(next, { force: true });
    return readText(path) ?? "";
  }

  /** Earlier secrets of this folder, one a line. To replace a secret, move its file to this one. */
  previousSecrets(): readonly string[] {
    const path = this.#path(previousName);
    const secrets =
      readText(path)
        ?.split(/\s+/)
        .filter((secret) => secret !== "") ?? [];
    for (const secret of secrets) checkSecret(`A secret in ${path}`, secret);
    return secrets;
  }

  lastLogLines(count: number): string {
    try {
      return withoutNames(readFileSync(this.logPath, "utf8").trimEnd().split("\n").slice(-count).join("\n"));
    } catch {
      return "";
    }
  }

  get #recordPath(): string {
    return this.#path("engine.json");
  }

  #path(name: string): string {
    return join(this.path, name);
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** Leaves out namespace and token, which the engine writes into its log. */
function withoutNames(text: string): string {
  return text.replace(/\bkawa-[0-9a-f]{32}\b/g, "kawa-…").replace(/\b[0-9a-f]{64}\b/g, "…");
}
