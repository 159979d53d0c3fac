import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import type { Backend, Snapshot } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { decodeValue } from "../../core/value/value.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));

const keys = ["a:1", "a:2", "b:1", "b:2"];

type Change = "set" | "delete" | "clear";

type Step = {
  readonly do: Change | "open" | "wait" | "read" | "release";
  /** For a clear, the first one says which prefix. */
  readonly keys: readonly string[];
  readonly isAwaited: boolean;
  /** Which of the open snapshots. */
  readonly of: number;
};

/** What each key held after each commit. */
class History {
  readonly #commits: { readonly seq: number; readonly values: ReadonlyMap<string, unknown> }[] = [];

  record(seq: number, values: Iterable<readonly [string, unknown]>): void {
    this.#commits.push({ seq, values: new Map(values) });
  }

  at(key: string, seq: number): unknown {
    return this.#commits.findLast((commit) => commit.seq <= seq && commit.values.has(key))?.values.get(key);
  }
}

type World = { readonly writer: Backend; readonly reader: Backend; readonly history: History };

function createMemoryWorld(): World {
  const backend = createMemoryBackend("model");
  const history = new History();
  const valueOf = (key: string): unknown => {
    const entry = backend.entry(key).peek();
    return entry.state === "present" ? entry.value : undefined;
  };
  backend.onChange(({ keys: changed, version }) =>
    history.record(
      version.seq,
      changed.map((key) => [key, valueOf(key)]),
    ),
  );
  return { writer: backend, reader: backend, history };
}

/** One server writes, and another one renders. */
async function createActorWorld(hooks: ReactiveStateActorHooks): Promise<World> {
  actor = new FakeActor(hooks);
  await actor.start();
  const history = new History();
  actor.store.listen(
    ({ to, rows }) =>
      history.record(
        to,
        rows.map(([key, text]) => [key, text === null ? undefined : decodeValue(text)]),
      ),
    () => {},
  );
  const [writer, reader] = ["writer", "reader"].map(
    () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }),
  );
  return { writer: writer!, reader: reader!, history };
}

/** A hook that takes its time before it looks. */
const guarding: ReactiveStateActorHooks = {
  getSignal: async (_, params, next) => {
    await new Promise(setImmediate);
    return next(params);
  },
};

/** Gives what was shown and was not so. */
async function play({ writer, reader, history }: World, steps: readonly Step[]): Promise<string[]> {
  const wrong: string[] = [];
  const pending: Promise<unknown>[] = [];
  const open: Snapshot[] = [await reader.snapshotFor()];
  let value = 0;
  const change = (what: Change, changed: readonly string[]): Promise<unknown> => {
    if (what === "clear") return writer.clear(changed[0]!.slice(0, 2));
    return Promise.all(changed.map((key) => (what === "set" ? writer.set(key, (value += 1)) : writer.delete(key))));
  };
  const check = async (snapshot: Snapshot, read: readonly string[]): Promise<void> => {
    await snapshot.load(read);
    for (const key of read) {
      const entry = snapshot.entry(key).peek();
      const shown = entry.state === "present" ? entry.value : entry.state;
      const { seq } = snapshot.version;
      const was = history.at(key, seq) ?? "absent";
      if (shown !== was) wrong.push(`"${key}" was ${was} at ${seq}, and not ${shown}`);
    }
    if (!snapshot.isConsistent) wrong.push(`the snapshot of ${snapshot.version.seq} is not consistent`);
  };
  try {
    for (const step of steps) {
      if (step.do === "wait") await new Promise(setImmediate);
      else if (step.do === "open") open.push(await reader.snapshotFor());
      else if (step.do === "read") pending.push(check(open[step.of % open.length]!, step.keys));
      else if (step.do === "release") {
        // What is still read from it must not become live.
        await Promise.all(pending);
        if (open.length > 1) open.splice(step.of % open.length, 1)[0]!.release();
      } else {
        const done = change(step.do, step.keys);
        pending.push(done);
        if (step.isAwaited) await done;
      }
    }
    await Promise.all(pending);
    for (const snapshot of open) await check(snapshot, keys);
    return wrong;
  } finally {
    await Promise.allSettled(pending);
    await Promise.all([writer.close(), reader.close()]);
  }
}

const step = fc.record<Step>({
  do: fc.constantFrom(
    "set",
    "set",
    "set",
    "set",
    "delete",
    "clear",
    "open",
    "open",
    "wait",
    "read",
    "read",
    "read",
    "release",
  ),
  keys: fc.uniqueArray(fc.constantFrom(...keys), { minLength: 1 }),
  isAwaited: fc.boolean(),
  of: fc.nat(),
});

describe.each<[string, () => World | Promise<World>]>([
  ["a memory backend", createMemoryWorld],
  ["an actor of another server's writes", () => createActorWorld({})],
  ["an actor whose hooks decide about reads", () => createActorWorld(guarding)],
])("snapshots of %s", (_, createWorld) => {
  it(
    "show every key as it was at their version, whatever is written and read in between",
    { timeout: modelTimeout(200) },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: "max" }), async (steps) => {
          expect(await play(await createWorld(), steps)).toEqual([]);
        }),
        { numRuns: modelRuns(200) },
      );
    },
  );
});
