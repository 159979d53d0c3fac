import type { Entry } from "../../src/core/backend/backend.ts";
import { createPresentEntry } from "../../src/core/backend/entry.ts";
import { isKawaError } from "../../src/core/errors/errors.ts";
import { RivetBackend } from "../../src/rivetkit/replica/rivet-backend.ts";
import { encodeValue } from "../../src/core/value/value.ts";
import { type CommitHistory, isSame, type Path } from "./commit-history.ts";
import { keys, type Mode, type Step } from "./scenario.ts";

type Expectation = {
  /** Code or message of the error with which it has to fail. */
  readonly failure?: string;
  readonly issued?: readonly { isSettled: boolean }[];
  /** Whether an update may give up now: its time is over, and it was not the only one who wrote. */
  readonly mayLose?: () => boolean;
};

const prefixes: Readonly<Record<string, string>> = {
  "shared:a": "shared:",
  "shared:b": "",
  "own:0": "own:0",
  "own:1": "own:1",
};

/** One backend and what it was asked to do; checks what it answers and shows. */
export class CheckedWriter {
  readonly backend: RivetBackend;
  readonly violations: string[] = [];
  pendingCount = 0;
  readonly #name: string;
  readonly #history: CommitHistory;
  readonly #isGuarded: boolean;
  readonly #isFolding: boolean;
  #nextNumber = 0;
  /** Writes by key, oldest first. */
  readonly #issued = new Map<string, { id: string; isSettled: boolean }[]>();
  readonly #shown = new Map<string, number>();
  readonly #announced = new Map<string, number>();
  #announcedAll = 0;
  readonly #acknowledged = new Map<string, Path>();
  readonly #checksAtEnd: (() => void)[] = [];

  constructor(name: string, history: CommitHistory, mode: Mode) {
    this.#name = name;
    this.#history = history;
    this.#isGuarded = mode === "hooks of everything";
    this.#isFolding = mode === "no hooks" || mode === "hooks that come and go";
    this.backend = new RivetBackend({ actorName: "reactiveState", actorId: name });
    for (const key of keys) this.backend.entry(key).subscribe((entry) => this.#checkShown(key, entry));
    this.backend.onChange(({ keys: changed, version }) => {
      if (changed.length === 0) this.#announcedAll = version.seq;
      for (const key of changed) this.#announced.set(key, version.seq);
    });
  }

  do({ kind, key }: Step): void {
    const { backend } = this;
    const number = `${this.#name}.${this.#nextNumber++}`;
    if (kind === "load") this.#track("load", backend.load([key]));
    else if (kind === "keys") this.#track("keys", backend.keys(""));
    else if (kind === "entries") this.#track("entries", this.#checkEntries());
    else if (kind === "snapshot") this.#track("snapshot", this.#checkSnapshot(key));
    else if (kind === "setToNothing")
      this.#track(
        "setToNothing",
        backend.set(key, () => {}),
        { failure: "VALUE_UNSERIALIZABLE" },
      );
    else if (kind === "set") this.#set(key, `s${number}`);
    else if (kind === "delete") this.#delete(key, `d${number}`);
    else if (kind === "deleteExpected") this.#deleteExpected(key, `d${number}`);
    else if (kind === "clear") this.#clear(prefixes[key] ?? "shared:", `d${number}`);
    else if (kind === "append") this.#append(key, `u${number}`);
    else this.#update(kind as "update", key, `u${number}`);
  }

  #set(key: string, id: string): void {
    const issued = this.#issue(key, id);
    const asked = { key, id, startedAt: performance.now(), seq: this.#history.seq };
    const done = this.backend.set(key, [id]).then(() => this.#checkAcknowledged(asked, [id]));
    this.#track(id, done, { issued: [issued] });
  }

  /** As an update, but for the value that it starts from: the actor knows that alone. */
  #append(key: string, id: string): void {
    const initial = createPresentEntry(0, encodeValue(key, this.#deletionBefore(key)));
    const issued = this.#issue(key, id);
    const asked = { key, id, startedAt: performance.now(), seq: this.#history.seq };
    const done = this.backend
      .change(key, { append: [id] }, initial)
      .then(() => this.#checkAcknowledged(asked, this.#history.applied.get(id)?.path ?? []));
    this.#track(id, done, { issued: [issued], mayLose: () => this.#isOver(asked) });
  }

  #delete(key: string, id: string): void {
    const issued = this.#issue(key, id);
    const { seq } = this.#history;
    const done = this.backend.delete(key).then(() => this.#checkDeleted(key, seq, id));
    this.#track(id, done, { issued: [issued] });
  }

  /** Deletes the value that is shown; another one, that somebody has written meanwhile, stays. */
  #deleteExpected(key: string, id: string): void {
    const issued = this.#issue(key, id);
    const { state, seq: shown } = this.backend.entry(key).peek();
    const expect = state === "present" ? shown : 0;
    const { seq } = this.#history;
    const done = this.backend.delete(key, { expect }).then(() => {
      const next = expect === 0 ? undefined : this.#history.after(key, expect);
      const isOwn =
        next === undefined ||
        next.path === null ||
        next.isDeletedFirst ||
        this.#isFoldedAway(key, id) ||
        next.path.at(-1)!.slice(1).startsWith(`${this.#name}.`);
      if (!isOwn) this.#complain(`${id} deleted ${next.path} of "${key}" in place of ${expect}`);
      this.#checkDeleted(key, seq, id);
    });
    const mayLose = (): boolean => this.#history.at(key, Number.POSITIVE_INFINITY).seq > expect;
    this.#track(id, done, { issued: [issued], mayLose });
  }

  #clear(prefix: string, id: string): void {
    const under = keys.filter((key) => key.startsWith(prefix));
    const issued = under.map((key) => this.#issue(key, id));
    const { seq } = this.#history;
    const done = this.backend.clear(prefix).then(() => under.forEach((key) => this.#checkDeleted(key, seq, id)));
    this.#track(id, done, { issued });
  }

  #update(kind: "update" | "updateThatThrows" | "updateToNothing", key: string, id: string): void {
    const deletion = this.#deletionBefore(key);
    const issued = this.#issue(key, id);
    const asked = { key, id, startedAt: performance.now(), seq: this.#history.seq };
    const { seq: shown } = this.backend.entry(key).peek();
    const mayLose = (): boolean => this.#isOver(asked) && this.#history.at(key, Number.POSITIVE_INFINITY).seq > shown;
    let seen: Path = [];
    const updater = (entry: Entry): unknown => {
      seen = entry.state === "present" ? (entry.value as Path) : deletion;
      if (kind === "updateThatThrows") throw new Error(`thrown by ${id}`);
      return kind === "updateToNothing" ? () => {} : [...seen, id];
    };
    const done = this.backend.update(key, updater);
    if (kind === "update") {
      const checked = done.then((result) => {
        const made = this.#history.applied.get(id);
        if (!isSame(result as Path, [...seen, id]))
          this.#complain(`${id} resolved with ${result}, not with ${[...seen, id]}`);
        if (made && !isSame(made.path, result as Path))
          this.#complain(`${id} resolved with ${result} and wrote ${made.path}`);
        this.#checkAcknowledged(asked, result as Path);
      });
      this.#track(id, checked, { issued: [issued], mayLose });
    } else {
      const isOfOthers = (error: unknown): boolean =>
        isKawaError(error, "BACKEND_TIMEOUT") || isKawaError(error, "UPDATE_CONFLICT");
      done.catch((error) => !isOfOthers(error) && this.#checkAtEnd(() => this.#checkWasReal(key, seen, id)));
      const failure = kind === "updateToNothing" ? "VALUE_UNSERIALIZABLE" : `thrown by ${id}`;
      this.#track(id, done, { failure, issued: [issued], mayLose });
    }
  }

  #deletionBefore(key: string): string[] {
    const before = this.#issued.get(key)?.findLast((write) => !write.id.startsWith("u"));
    return before?.id.startsWith("d") && !before.isSettled ? [before.id] : [];
  }

  /** What an updater saw before it failed was, or was about to be, the value. */
  #checkWasReal(key: string, seen: Path, id: string): void {
    const last = seen.at(-1);
    if (last === undefined || last.startsWith("d") || this.#isOverwritten(key, last)) return;
    const made = this.#history.applied.get(last)?.path ?? this.#acknowledged.get(last);
    if (!made || !isSame(made, seen)) this.#complain(`${id} failed on ${seen}, which "${key}" never held`);
  }

  #checkAtEnd(check: () => void): void {
    this.#checksAtEnd.push(check);
  }

  /** True when an own later write, which is no update, may have taken the place of this one before it was sent. */
  #isOverwritten(key: string, id: string): boolean {
    const issued = this.#issued.get(key) ?? [];
    const at = issued.findIndex((write) => write.id === id);
    return this.#isFolding && at >= 0 && issued.slice(at + 1).some((write) => !write.id.startsWith("u"));
  }

  /** True when an own later write took its place, and another server's write took the place of that in the same commit. */
  #isFoldedAway(key: string, id: string): boolean {
    const issued = this.#issued.get(key) ?? [];
    const next = issued[issued.findIndex((write) => write.id === id) + 1];
    return this.#isOverwritten(key, id) && next !== undefined && !this.#history.applied.has(next.id);
  }

  #checkAcknowledged(
    { key, id, startedAt, seq }: { key: string; id: string; startedAt: number; seq: number },
    made: Path,
  ): void {
    this.#acknowledged.set(id, made);
    const stored = this.#history.applied.get(id);
    // Another server's write may have overwritten it in the same commit.
    const isReplaced = this.#history.at(key, Number.POSITIVE_INFINITY).seq > seq;
    if (!stored && !isReplaced) return this.#complain(`${id} was acknowledged and is not stored in "${key}"`);
    const isLate = performance.now() - startedAt > 29_000;
    if (stored && this.backend.version.seq < stored.seq && !isLate)
      this.#complain(`${id} was acknowledged before it was shown`);
  }

  #checkDeleted(key: string, seqBefore: number, id: string): void {
    const { seq, path } = this.#history.at(key, Number.POSITIVE_INFINITY);
    if (path !== null && seq <= seqBefore) this.#complain(`${id} was acknowledged and "${key}" still is ${path}`);
  }

  async #checkEntries(): Promise<void> {
    const { seq } = this.#history;
    for (const [key, path] of await this.backend.entries("")) {
      const isStored = this.#history.hasSince(key, 0, path as Path);
      if (!isStored) this.#complain(`entries after ${seq} listed ${path} for "${key}"`);
    }
  }

  /** Opens a snapshot, and looks into it when much has happened: what it takes for consistent is of its version. */
  async #checkSnapshot(key: string): Promise<void> {
    const snapshot = await this.backend.snapshotFor();
    await snapshot.load([key]);
    const early = snapshot.entry(key).peek();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await snapshot.load(keys);
    const { seq } = snapshot.version;
    for (const each of keys) {
      const entry = snapshot.entry(each).peek();
      const path = entry.state === "present" ? (entry.value as Path) : null;
      if (entry.state === "unknown") this.#complain(`a snapshot of ${seq} does not know "${each}"`);
      else if (snapshot.isConsistent && !isSame(path, this.#history.at(each, seq).path)) {
        this.#complain(`a snapshot of ${seq} showed "${each}" as ${path} of ${entry.seq}`);
      }
    }
    const late = snapshot.entry(key).peek();
    // Since when there is no value may become known, or forgotten.
    const isSameAbsence = early.state === "absent" && late.state === "absent";
    if (snapshot.isConsistent && late.seq !== early.seq && !isSameAbsence)
      this.#complain(`a snapshot of ${seq} changed "${key}"`);
    snapshot.release();
  }

  #checkShown(key: string, entry: Entry): void {
    if (entry.state === "unknown") return;
    const path = entry.state === "present" ? (entry.value as Path) : null;
    const isNothing = path === null && entry.seq === 0;
    const isStored = this.#isGuarded
      ? this.#history.hasSince(key, entry.seq, path)
      : this.#history.has(key, entry.seq, path);
    // The actor no longer knows when a key lost its value, only that it has none since.
    const isForgotten = path === null && this.#history.at(key, entry.seq).path === null;
    if (!isNothing && !isStored && !isForgotten) this.#complain(`"${key}" was shown as ${path} of ${entry.seq}`);
    if (entry.seq < (this.#shown.get(key) ?? 0)) this.#complain(`"${key}" went back to ${entry.seq}`);
    this.#shown.set(key, entry.seq);
  }

  /** What is shown is at least as new as the version says. */
  checkVersion(): void {
    if (this.#isGuarded) return;
    const { seq: version } = this.backend.version;
    for (const key of keys) {
      const entry = this.backend.entry(key).peek();
      const { seq } = this.#history.at(key, version);
      if (entry.state !== "unknown" && entry.seq < seq)
        this.#complain(`version ${version} showed "${key}" of ${entry.seq}, not ${seq}`);
    }
  }

  /** When nothing is on the way any more. */
  async checkEnd(): Promise<void> {
    for (const check of this.#checksAtEnd) check();
    const { backend } = this;
    if (backend.version.seq !== this.#history.seq)
      this.#complain(`ended at ${backend.version.seq}, not ${this.#history.seq}`);
    const known = keys.filter((key) => backend.entry(key).peek().state !== "unknown");
    this.#checkEqual("known", known);
    for (const key of keys) {
      const { seq } = this.#history.at(key, Number.POSITIVE_INFINITY);
      if (seq > Math.max(this.#announcedAll, this.#announced.get(key) ?? 0))
        this.#complain(`"${key}" of ${seq} was not announced`);
    }
    await backend.load(keys);
    this.#checkEqual("loaded", keys);
    const stored = keys.filter((key) => this.#history.at(key, Number.POSITIVE_INFINITY).path !== null).sort();
    if (!isSame(await backend.keys(""), stored)) this.#complain("keys() differs");
    const entries = await backend.entries("");
    for (const key of stored) {
      if (!isSame((entries.get(key) as Path | undefined) ?? null, this.#history.at(key, Number.POSITIVE_INFINITY).path))
        this.#complain(`entries() differs in "${key}"`);
    }
  }

  #checkEqual(what: string, of: readonly string[]): void {
    for (const key of of) {
      const entry = this.backend.entry(key).peek();
      const { path } = this.#history.at(key, Number.POSITIVE_INFINITY);
      const shown = entry.state === "present" ? (entry.value as Path) : null;
      if (!isSame(shown, path)) this.#complain(`${what}: "${key}" ended as ${entry.state} ${shown}, not as ${path}`);
    }
  }

  #issue(key: string, id: string): { id: string; isSettled: boolean } {
    const issued = { id, isSettled: false };
    this.#issued.set(key, [...(this.#issued.get(key) ?? []), issued]);
    return issued;
  }

  /** True when an operation has had all the time that there is. */
  #isOver({ startedAt }: { startedAt: number }): boolean {
    return performance.now() - startedAt >= 30_000;
  }

  /** Waits for an operation, which may fail for being too late, or as the expectation says. */
  #track(id: string, done: Promise<unknown>, { failure, issued = [], mayLose }: Expectation = {}): void {
    this.pendingCount += 1;
    const outcome = done.then(
      () => {
        if (failure) this.#complain(`${id} did not fail`);
      },
      (error: unknown) => {
        const isLate = isKawaError(error, "BACKEND_TIMEOUT");
        const isExpected =
          failure !== undefined && (isKawaError(error) ? error.code === failure : (error as Error).message === failure);
        const isLost = isKawaError(error, "UPDATE_CONFLICT") && mayLose?.();
        if (!isLate && !isExpected && !isLost) this.#complain(`${id} failed: ${error}`);
        if (!isLate)
          this.#checkAtEnd(() => this.#history.applied.has(id) && this.#complain(`${id} failed and is stored`));
      },
    );
    void outcome.then(() => {
      for (const write of issued) write.isSettled = true;
      this.pendingCount -= 1;
    });
  }

  #complain(violation: string): void {
    this.violations.push(`${this.#name}: ${violation}`);
  }
}
