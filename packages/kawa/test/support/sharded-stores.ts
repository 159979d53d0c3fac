import type { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import type { ShardRows } from "../../src/rivetkit/shards/shard-actor.ts";
import { shardOf } from "../../src/rivetkit/sharding/shard-of.ts";
import {
  layoutIn,
  layoutKey,
  layoutText,
  layoutWrite,
  type Sharding,
  type StoredLayout,
  unsharded,
} from "../../src/rivetkit/sharding/shard-layout.ts";
import { shardName, shardsOf } from "../../src/rivetkit/sharding/shard-name.ts";
import { isKawaError } from "../../src/core/errors/errors.ts";
import type { Write } from "../../src/rivetkit/wire/protocol.ts";
import { openTestStore, TestDatabase } from "./sqlite.ts";

/** The stores of a backend's actors, without engine and servers. */
export class ShardedStores {
  readonly #stores = new Map<string, SignalStore>();
  #sharding: Sharding = unsharded;
  readonly #databases = new Map<string, TestDatabase>();

  /**
   * Every actor that any number of shards up to `most` has.
   *
   * @param flush what each statement of their databases waits for
   */
  static async open(most: number, flush?: () => Promise<void>): Promise<ShardedStores> {
    const stores = new ShardedStores();
    for (let shards = 1; shards <= most; shards += 1) {
      for (let index = 0; index < shards; index += 1) {
        const actorId = shardName({ whole: "global", index, shards });
        stores.#databases.set(actorId, new TestDatabase());
        await stores.#start(actorId);
      }
    }
    if (flush) for (const database of stores.#databases.values()) database.before = flush;
    return stores;
  }

  async #start(actorId: string): Promise<void> {
    this.#stores.set(actorId, await openTestStore(this.#databases.get(actorId), { shards: shardsOf(actorId) }));
  }

  /** Goes on as another incarnation of the actor that has a key. */
  async restart(key: string): Promise<void> {
    const actorId = this.homeId(key);
    await this.of(actorId).close();
    await this.#start(actorId);
  }

  of(actorId: string): SignalStore {
    return this.#stores.get(actorId)!;
  }

  /** What counts at the moment. */
  get sharding(): Sharding {
    try {
      this.#sharding = layoutIn(this.of("global").get(layoutKey).text) ?? unsharded;
    } catch (error) {
      // It starts again, and nothing changes meanwhile.
      if (!isKawaError(error, "BACKEND_UNAVAILABLE")) throw error;
    }
    return this.#sharding;
  }

  /** The actors that a copy holds up. */
  get heldUp(): string[] {
    return [...this.#stores].filter(([, { gate }]) => gate.isHeldUp).map(([actorId]) => actorId);
  }

  /** The store in which a server that starts now finds a key. */
  home(key: string): SignalStore {
    return this.of(this.homeId(key));
  }

  /** The actor in which a server that starts now finds a key. */
  homeId(key: string): string {
    const { sharding } = this;
    return shardName({ whole: "global", index: shardOf(key, sharding), shards: sharding.shards });
  }

  /** Writes, as servers do that are started again when they are refused. */
  async write(home: string, writes: readonly Write[]): Promise<void> {
    for (;;) {
      try {
        const store = this.home(home);
        store.gate.check();
        await store.write({ number: 0, settled: 0, writes });
        return;
      } catch {
        await new Promise(setImmediate);
      }
    }
  }

  /** What a query shows, or another key. */
  async read(key: string): Promise<string | null> {
    const store = this.home(key);
    const refused = await store.prepare([key]);
    if (refused && refused.length > 0) throw new Error(refused[0]![1].message);
    return store.get(key).text;
  }

  /** Adds one to a number, as servers do that are started again when they are refused. */
  async increment(key: string): Promise<void> {
    for (;;) {
      try {
        const store = this.home(key);
        store.gate.check();
        const { text, seq } = store.get(key);
        const next = `[${Number((text ?? "[0]").slice(1, -1)) + 1}]`;
        const { conflicts } = await store.write({
          number: 0,
          settled: 0,
          writes: [{ key, text: next, expect: text === null ? 0 : seq }],
        });
        if (conflicts.length === 0) return;
      } catch {
        await new Promise(setImmediate);
      }
    }
  }

  /** Reaches an actor, until `mayGoOn` says no: then nothing that was asked for is done any more. */
  rows(actorId: string, mayGoOn: () => boolean = () => true, before: () => Promise<void> = async () => {}): ShardRows {
    let number = 0;
    const client = `copier ${Math.random()}`;
    const step = async (): Promise<void> => {
      await new Promise(setImmediate);
      await before();
      if (!mayGoOn()) throw new Error("cut off");
    };
    /** Asks again where another incarnation comes, as links do. */
    const ask = async <T>(request: (store: SignalStore) => T | Promise<T>): Promise<T> => {
      await step();
      for (;;) {
        const store = this.of(actorId);
        try {
          return await request(store);
        } catch (error) {
          if (this.of(actorId) === store && !isKawaError(error, "BACKEND_UNAVAILABLE")) throw error;
          await new Promise(setImmediate);
        }
      }
    };
    const layout = (): Promise<StoredLayout> =>
      ask((store) => {
        const { text, seq } = store.get(layoutKey);
        return { layout: layoutIn(text), seq };
      });
    const write: ShardRows["write"] = async (writes) => {
      const own = (number += 1);
      return ask((store) => store.write({ client, number: own, settled: own, writes }));
    };
    return {
      layout,
      write,
      async setLayout(next, over) {
        const text = layoutText(next);
        const { conflicts } = await write([layoutWrite(next, over)]);
        const stored = conflicts.length > 0 ? undefined : await layout();
        return stored?.layout && layoutText(stored.layout) === text ? stored : undefined;
      },
      isEmpty: () => ask((store) => store.list({ prefix: "", after: "", withValues: false }).rows.length === 0),
      list: (body) => ask((store) => store.list(body)),
      rows: (asked) => ask((store) => store.collectionPage(asked)),
      changed: (seq) => ask((store) => store.changedSince(seq)),
      read: (keys) =>
        ask(async (store) => {
          await store.prepare(keys);
          return store.read(keys);
        }),
      close() {},
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stores.values()].map((store) => store.close()));
  }
}
