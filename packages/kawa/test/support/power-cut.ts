import { dirname } from "node:path";
import { KawaError } from "../../src/core/errors/errors.ts";
import type { Disk, DiskFile } from "../../src/rivetkit/journal/disk.ts";
import type { EngineStore } from "../../src/rivetkit/journal/engine-files.ts";
import type { StoreHandle, StoredRow } from "../../src/rivetkit/storage/storage.ts";

/** What a machine does that is broken on purpose. */
export type Flaw = "writes are not flushed" | "folders are not flushed" | "the engine is not flushed";

type Inode = {
  live: Buffer;
  disk: Buffer;
  pending: { readonly at: number; readonly bytes: Buffer }[];
};
type NameChange = {
  readonly folder: string;
  readonly changes: readonly (readonly [path: string, inode: Inode | undefined])[];
};
type Commit = { readonly rows: readonly StoredRow[] } | { readonly keys: readonly string[]; readonly upTo: number };

type Step = () => Promise<void>;

export type Running = { readonly disk: Disk; readonly engine: EngineStore; openHandle(): StoreHandle };

const sectorBytes = 512;

/**
 * A disk and the engine's store on it. What is not flushed is in memory: a cut takes any part of it, also of one write. After `stepsLeft`
 * more steps the machine stops in the middle of whatever it does: who waits, waits for ever.
 */
export class Machine {
  readonly random: () => number;
  readonly #flaw: Flaw | undefined;
  stepsLeft = Number.POSITIVE_INFINITY;
  flushCount = 0;
  onStop: () => void = () => {};
  #run = 0;
  #handle = 0;
  #names = new Map<string, Inode>();
  #diskNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  #commits: Commit[] = [];
  #diskCommits = 0;

  constructor(random: () => number, flaw?: Flaw) {
    this.random = random;
    this.#flaw = flaw;
  }

  /** All processes are gone; what they had written is in the memory of the system. */
  kill(): void {
    this.#run += 1;
    this.stepsLeft = Number.POSITIVE_INFINITY;
  }

  /** So is what was in the memory of the system. */
  cutPower(): void {
    this.kill();
    const isAnyOrder = this.random() < 0.5;
    const count = Math.floor(this.random() * (this.#nameChanges.length + 1));
    for (const [index, { changes }] of this.#nameChanges.entries()) {
      if (isAnyOrder ? this.random() < 0.5 : index < count)
        for (const [path, inode] of changes) setName(this.#diskNames, path, inode);
    }
    this.#nameChanges = [];
    this.#names = new Map(this.#diskNames);
    for (const inode of new Set(this.#names.values())) {
      for (const { at, bytes } of inode.pending) {
        for (let start = at; start < at + bytes.length;) {
          const end = Math.min(at + bytes.length, (Math.floor(start / sectorBytes) + 1) * sectorBytes);
          if (this.random() < 0.5) inode.disk = written(inode.disk, bytes.subarray(start - at, end - at), start);
          start = end;
        }
      }
      inode.pending = [];
      inode.live = inode.disk;
    }
    this.#commits.length =
      this.#diskCommits + Math.floor(this.random() * (this.#commits.length - this.#diskCommits + 1));
    this.#diskCommits = this.#commits.length;
  }

  /** What a process has to do with, until it is gone. */
  start(): Running {
    const run = this.#run;
    const step = this.#steps(run);
    return {
      disk: this.#diskFor(step),
      engine: this.#engineFor(step),
      openHandle: () => this.#handleFor(step, run === this.#run ? ++this.#handle : 0),
    };
  }

  #diskFor(step: Step): Disk {
    const change = (folder: string, ...changes: (readonly [string, Inode | undefined])[]): void => {
      for (const [path, inode] of changes) setName(this.#names, path, inode);
      this.#nameChanges.push({ folder, changes });
    };
    return {
      makeFolder: () => step(),
      list: async (path) => {
        await step();
        return [...this.#names.keys()]
          .filter((name) => dirname(name) === path)
          .map((name) => name.slice(path.length + 1));
      },
      read: async (path) => {
        await step();
        const inode = this.#names.get(path);
        return inode && Buffer.from(inode.live);
      },
      stateOf: async () => undefined,
      create: async (path, isFlushed) => {
        await step();
        if (this.#names.has(path)) throw Object.assign(new Error("exists"), { code: "EEXIST" });
        const inode: Inode = { live: Buffer.alloc(0), disk: Buffer.alloc(0), pending: [] };
        change(dirname(path), [path, inode]);
        await step();
        return this.#open(inode, path, isFlushed, step);
      },
      rename: async (from, to) => {
        await step();
        const inode = this.#names.get(from);
        if (inode) change(dirname(to), [from, undefined], [to, inode]);
        await step();
      },
      remove: async (path) => {
        await step();
        if (this.#names.has(path)) change(dirname(path), [path, undefined]);
        await step();
      },
      flushFile: async (path) => {
        await step();
        const inode = this.#names.get(path);
        if (inode) this.#flush(inode);
        return inode !== undefined;
      },
      flushFolder: async (path) => {
        await step();
        this.flushCount += 1;
        if (this.#flaw !== "folders are not flushed") {
          for (const { folder, changes } of this.#nameChanges)
            if (folder === path) for (const [name, inode] of changes) setName(this.#diskNames, name, inode);
          this.#nameChanges = this.#nameChanges.filter(({ folder }) => folder !== path);
        }
        await step();
      },
    };
  }

  #engineFor(step: Step): EngineStore {
    return {
      failureCount: 0,
      flush: async () => {
        const count = this.#commits.length;
        await step();
        if (this.#flaw !== "the engine is not flushed") this.#diskCommits = Math.max(this.#diskCommits, count);
        await step();
      },
    };
  }

  /** A newer handle ends it. */
  #handleFor(step: Step, handle: number): StoreHandle {
    const work = async (commit: Commit): Promise<void> => {
      await step();
      if (handle !== this.#handle) throw new KawaError("BACKEND_CLOSED", "This handle has been replaced.");
      this.#commits.push(commit);
      await step();
    };
    return {
      load: async (from) => {
        await step();
        return [...this.stored().values()].filter(({ seq }) => seq >= from);
      },
      commit: (rows) => work({ rows }),
      remove: (keys, upTo) => work({ keys, upTo }),
      close: async () => {},
    };
  }

  stored(): ReadonlyMap<string, StoredRow> {
    const rows = new Map<string, StoredRow>();
    for (const commit of this.#commits) {
      if ("rows" in commit) for (const row of commit.rows) rows.set(row.key, row);
      else for (const key of commit.keys) if ((rows.get(key)?.seq ?? Infinity) <= commit.upTo) rows.delete(key);
    }
    return rows;
  }

  #open(inode: Inode, path: string, isFlushed: boolean, step: Step): DiskFile {
    return {
      isInPlace: () => this.#names.get(path) === inode,
      write: async (bytes, position) => {
        await step();
        inode.live = written(inode.live, bytes, position);
        inode.pending.push({ at: position, bytes: Buffer.from(bytes) });
        if (!isFlushed) return;
        await step();
        this.#flush(inode);
        await step();
      },
      close: async () => {},
    };
  }

  #flush(inode: Inode): void {
    this.flushCount += 1;
    if (this.#flaw === "writes are not flushed") return;
    inode.disk = inode.live;
    inode.pending = [];
  }

  /** Of one run: after it nothing goes on. */
  #steps(run: number): Step {
    return async () => {
      if (run !== this.#run || this.stepsLeft <= 0) return new Promise(() => {});
      this.stepsLeft -= 1;
      if (this.stepsLeft > 0) return undefined;
      this.onStop();
      return new Promise(() => {});
    };
  }
}

function setName(names: Map<string, Inode>, path: string, inode: Inode | undefined): void {
  if (inode) names.set(path, inode);
  else names.delete(path);
}

function written(content: Buffer, bytes: Uint8Array, position: number): Buffer {
  const next = Buffer.alloc(Math.max(content.length, position + bytes.length));
  content.copy(next);
  next.set(bytes, position);
  return next;
}
