import fc from "fast-check";
import { expect, it } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { membersKey, type Members } from "../../core/backend/members.ts";
import { decodeValue } from "../../core/value/value.ts";
import type { Version } from "../../core/value/version.ts";
import type { Delta, Write } from "../wire/protocol.ts";
import { Replica } from "../replica/replica.ts";
import type { SignalStore } from "./signal-store.ts";

const groups = ["room", "hall"];
const key = fc.constantFrom(...groups.flatMap((group) => ["a", "b", "c"].map((id) => `${group}:${id}`)));
const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 6, arbitrary: key.map((one): Write => ({ key: one, text: "[1]", ttlMs: 60_000 })) },
  { weight: 1, arbitrary: key.map((one): Write => ({ key: one, text: "[2]" })) },
  { weight: 3, arbitrary: key.map((one): Write => ({ key: one, text: null })) },
  { weight: 1, arbitrary: fc.constantFrom(...groups).map((group): Write => ({ clear: `${group}:` })) },
);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("write" as const),
      writes: fc.array(write, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("lose", "catch up", "ask", "answer") }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("move" as const) }) },
);

/** Who is in which group, in order; as the rows alone say. */
class Reference {
  lists = new Map<string, readonly string[]>();

  commit(writes: readonly Write[]): void {
    // All of a commit are there at once: whoever goes and comes in it comes last.
    for (const one of writes) {
      if ("clear" in one) this.lists.delete(one.clear.slice(0, -1));
      else if ("text" in one) this.#write(one.key, one.text !== null && one.ttlMs !== undefined);
    }
  }

  #write(of: string, isMember: boolean): void {
    const [group, id] = of.split(":") as [string, string];
    const ids = this.lists.get(group) ?? [];
    if (ids.includes(id) === isMember) return;
    this.lists.set(group, isMember ? [...ids, id] : ids.filter((other) => other !== id));
  }

  idsOf(group: string): readonly string[] {
    return this.lists.get(group) ?? [];
  }
}

/** A server whose wire loses deltas, and whose answers come late. */
class Server {
  readonly replica = new Replica();
  store: SignalStore;
  isLosing = false;
  #answer: (() => void) | undefined;

  constructor(store: SignalStore) {
    this.store = store;
    this.replica.restart([], store.position);
  }

  hear(delta: Delta): void {
    if (!this.isLosing && !this.replica.applyDelta(delta)) this.catchUp();
  }

  catchUp(): void {
    this.isLosing = false;
    const { epoch, seq } = this.replica.version;
    const { rows, ...version } = this.store.since(epoch, seq);
    if (rows) this.replica.catchUp(rows, version);
    else this.replica.restart(this.store.read(this.replica.followedKeys()).rows, version);
  }

  ask(): void {
    if (this.isLosing || this.#answer) return;
    const end = this.replica.expect(groups.map(membersKey));
    const { rows } = this.store.read(groups.map(membersKey));
    // Meanwhile deltas come.
    this.#answer = () => {
      this.replica.learn(rows);
      end();
    };
  }

  answer(): void {
    this.#answer?.();
    this.#answer = undefined;
  }

  idsOf(group: string): readonly string[] | undefined {
    const entry = this.replica.cell(membersKey(group)).peek();
    return entry.state === "unknown" ? undefined : entry.state === "absent" ? [] : (entry.value as Members).ids;
  }
}

function idsAt(store: SignalStore, group: string, at?: Version): readonly string[] {
  const { text } = store.get(membersKey(group), at);
  return text === null ? [] : (decodeValue(text) as Members).ids;
}

it.each([1, 1_000])(
  "lists follow from the rows in actor and servers, whatever is lost or late, with %i deletions remembered",
  { timeout: modelTimeout(150) },
  async (maxDeletedKeys) => {
    let knownCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const db = new TestDatabase();
        let store = await openTestStore(db, { maxDeletedKeys });
        const reference = new Reference();
        const server = new Server(store);
        const listen = (): void =>
          void store.listen(
            (delta) => server.hear(delta),
            () => {},
          );
        listen();
        server.ask();
        server.answer();
        let history: (readonly [Version, ReadonlyMap<string, readonly string[]>])[] = [];
        for (const one of steps) {
          if (one.what === "write") {
            await Promise.all(one.writes.map((each) => store.write({ number: 0, settled: 0, writes: [each] })));
            reference.commit(one.writes);
            history.push([store.position, new Map(reference.lists)]);
          } else if (one.what === "lose") server.isLosing = true;
          else if (one.what === "catch up") server.catchUp();
          else if (one.what === "ask") server.ask();
          else if (one.what === "answer") server.answer();
          else {
            server.answer();
            await store.close();
            store = await openTestStore(db, { maxDeletedKeys });
            server.store = store;
            listen();
            server.catchUp();
            history = [];
          }
          for (const group of groups) {
            expect(store.members(group).value.ids).toEqual(reference.idsOf(group));
            expect(idsAt(store, group)).toEqual(reference.idsOf(group));
            for (const [at, lists] of history) expect(idsAt(store, group, at)).toEqual(lists.get(group) ?? []);
            const known = server.isLosing ? undefined : server.idsOf(group);
            expect(known ?? reference.idsOf(group)).toEqual(reference.idsOf(group));
            knownCount += known && known.length > 0 ? 1 : 0;
          }
        }
        server.answer();
        server.catchUp();
        for (const group of groups)
          expect(server.idsOf(group) ?? reference.idsOf(group)).toEqual(reference.idsOf(group));
        await store.close();
      }),
      { numRuns: modelRuns(150) },
    );
    expect(knownCount).toBeGreaterThan(100);
  },
);
