import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KawaError } from "../../core/errors.ts";
import { createSecret } from "../secret/shared-secret.ts";

/** What the folder remembers of its engine. */
export type EngineRecord = {
  /** Process id of the engine, 0 when it was stopped. */
  readonly pid: number;
  readonly port: number;
  /** Process that started the engine, and that stops it. */
  readonly ownerPid: number;
};

/** The project's `.rivet/` folder: data, log, secret and the record of the running engine. */
export class EngineFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the folder cannot be made or written */
  static open(path: string): EngineFolder {
    try {
      mkdirSync(join(path, "data"), { recursive: true });
      const ignore = join(/*turbopackIgnore: true*/ path, ".gitignore");
      if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
      const probe = join(path, `.write-${process.pid}`);
      writeFileSync(probe, "");
      rmSync(probe);
      return new EngineFolder(path);
    } catch (cause) {
      throw new KawaError(
        "ENGINE_FOLDER_UNWRITABLE",
        `The embedded engine cannot write to ${path}. Make the folder writable, or set KAWA_DATA_DIR to one that is.`,
        { cause },
      );
    }
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
    const path = join(this.path, "secret");
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
    return readText(join(this.path, "secret.previous"))?.split(/\s+/).filter((secret) => secret !== "") ?? [];
  }

  lastLogLines(count: number): string {
    try {
      return readFileSync(this.logPath, "utf8").trimEnd().split("\n").slice(-count).join("\n");
    } catch {
      return "";
    }
  }

  get #recordPath(): string {
    return join(this.path, "engine.json");
  }
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}
