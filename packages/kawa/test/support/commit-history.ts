/** A value that tells its own story: the write that set it, then the updates that were made of it. */
export type Path = readonly string[];

export type Committed = {
  readonly seq: number;
  readonly path: Path | null;
  /** The key was without a value in this commit, before it got this one. */
  readonly isDeletedFirst?: boolean;
};

/** Every commit of an actor's values, and what is wrong with it. Ids of writes look like `0.17`: writer and number. */
export class CommitHistory {
  readonly violations: string[] = [];
  seq = -1;
  readonly #byKey = new Map<string, Committed[]>();
  /** Of each write that was applied: its commit, and the value that it made. */
  readonly applied = new Map<string, { readonly seq: number; readonly path: Path }>();
  readonly #lastOfWriter = new Map<string, number>();

  /** `rows` have the values as paths, `null` where there is none; `deleted` are the keys that were without a value in between. */
  record(seq: number, rows: ReadonlyMap<string, Path | null>, deleted: ReadonlySet<string>): void {
    if (seq <= this.seq) this.#complain(`commit ${seq} came after ${this.seq}`);
    this.seq = seq;
    for (const [key, path] of rows) {
      if (path) this.#recordPath({ seq, key, path, isDeletedFirst: deleted.has(key) });
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), { seq, path, isDeletedFirst: deleted.has(key) }]);
    }
  }

  /** What a key held after commit `seq`. */
  at(key: string, seq: number): Committed {
    return this.#byKey.get(key)?.findLast((committed) => committed.seq <= seq) ?? { seq: 0, path: null };
  }

  /** What became of a key next after commit `seq`. */
  after(key: string, seq: number): Committed | undefined {
    return this.#byKey.get(key)?.find((committed) => committed.seq > seq);
  }

  /** True when commit `seq` left the key with this value. */
  has(key: string, seq: number, path: Path | null): boolean {
    const committed = this.at(key, seq);
    return committed.seq === seq && isSame(committed.path, path);
  }

  /** True when the key had this value in commit `seq` or later. */
  hasSince(key: string, seq: number, path: Path | null): boolean {
    const all = this.#byKey.get(key) ?? [];
    return (
      isSame(this.at(key, seq).path, path) ||
      all.some((committed) => committed.seq >= seq && isSame(committed.path, path))
    );
  }

  #recordPath({
    seq,
    key,
    path,
    isDeletedFirst,
  }: {
    seq: number;
    key: string;
    path: Path;
    isDeletedFirst: boolean;
  }): void {
    const before = this.at(key, seq).path ?? [];
    const isContinued = before.every((id, index) => path[index] === id);
    if (!isContinued && !isDeletedFirst && !isRoot(path[0]!)) {
      this.#complain(`commit ${seq} made ${path} of a value of "${key}" that was not ${before}`);
    }
    for (const [index, id] of path.entries()) {
      if ((isContinued && index < before.length) || isDeletion(id)) continue;
      if (this.applied.has(id)) this.#complain(`commit ${seq} applied ${id} again, to "${key}"`);
      this.applied.set(id, { seq, path: path.slice(0, index + 1) });
      const [writer, number] = id.slice(1).split(".");
      const last = this.#lastOfWriter.get(`${writer} ${key}`) ?? -1;
      if (Number(number) < last)
        this.#complain(`commit ${seq} applied ${id} to "${key}" after .${last} of the same writer`);
      this.#lastOfWriter.set(`${writer} ${key}`, Number(number));
    }
  }

  #complain(violation: string): void {
    this.violations.push(violation);
  }
}

/** A value may begin with what was set, or with what was made of a deletion that was not committed by itself. */
function isRoot(id: string): boolean {
  return id.startsWith("s") || isDeletion(id);
}

function isDeletion(id: string): boolean {
  return id.startsWith("d");
}

export function isSame(a: Path | null, b: Path | null): boolean {
  return a === b || (a !== null && b !== null && a.length === b.length && a.every((id, index) => id === b[index]));
}
