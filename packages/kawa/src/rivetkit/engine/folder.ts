import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KawaError } from "../../core/errors.ts";
import { createSecret } from "../secret/shared-secret.ts";
import { closeFolderIfOwn, closeToOthers } from "./file-modes.ts";

const tokenName = "admin-token";
const previousName = "secret.previous";

/** What the folder remembers of its engine. */
export type EngineRecord = {
  /** Process id of the engine, 0 when it was stopped. */
  readonly pid: number;
  readonly port: number;
  /** Process that started the engine, and that stops it. */
  readonly ownerPid: number;
};

/** The project's `.rivet/` folder: data, log, secret, the engine's token and the record of the running engine. */
export class EngineFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the folder cannot be made, written, or closed to other users */
  static open(path: string): EngineFolder {
    const folder = new EngineFolder(path);
    try {
      mkdirSync(folder.dataPath, { recursive: true, mode: 0o700 });
      const ignore = join(/*turbopackIgnore: true*/ path, ".gitignore");
      if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
      const probe = join(path, `.write-${process.pid}`);
      writeFileSync(probe, "");
      rmSync(probe);
    } catch (cause) {
      throw new KawaError(
        "ENGINE_FOLDER_UNWRITABLE",
        `The embedded engine cannot write to ${path}. Make the folder writable, or set KAWA_DATA_DIR to one that is.`,
        { cause },
      );
    }
    closeFolderIfOwn(path);
    for (const each of [folder.dataPath, folder.journalPath, folder.logPath, folder.#recordPath, folder.#path("secret"), folder.#path(previousName), folder.#path(tokenName)]) {
      closeToOthers(each);
    }
    return folder;
  }

  get dataPath(): string {
    return join(this.path, "data");
  }

  /** Of the actors: what they have committed and the engine does not store yet. */
  get journalPath(): string {
    return join(this.path, "journal");
  }

  get logPath(): string {
    return join(this.path, "engine.log");
  }

  get lockPath(): string {
    return join(this.path, "engine.lock");
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
    const next = `${this.#recordPath}.${process.pid}`;
    writeFileSync(next, `${JSON.stringify(record)}\n`);
    renameSync(next, this.#recordPath);
  }

  /** The secret of this folder, made on first use and readable by its owner only. */
  secret(): string {
    return this.#keep("secret");
  }

  /** What the engine of this folder asks for, made and kept as {@link secret}. */
  adminToken(): string {
    return this.#keep(tokenName);
  }

  #keep(name: string): string {
    const path = this.#path(name);
    const found = readText(path);
    if (found) return found;
    const next = `${path}.${process.pid}`;
    writeFileSync(next, createSecret(), { mode: 0o600 });
    try {
      // A link decides who made it when two processes start at once; an empty file is of an interrupted start.
      if (found === undefined) linkSync(next, path);
      else renameSync(next, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    rmSync(next, { force: true });
    return readText(path) ?? "";
  }

  /** Secrets of this folder before, one a line: a secret is replaced by moving its file to this one. */
  previousSecrets(): readonly string[] {
    return readText(this.#path(previousName))?.split(/\s+/).filter((secret) => secret !== "") ?? [];
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

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** The engine names namespace and, at a wrong address, token in its log. */
function withoutNames(text: string): string {
  return text.replace(/\bkawa-[0-9a-f]{32}\b/g, "kawa-…").replace(/\b[0-9a-f]{64}\b/g, "…");
}
