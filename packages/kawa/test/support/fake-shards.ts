import type { Backend } from "../../src/core/backend/backend.ts";
import { RivetBackend } from "../../src/rivetkit/replica/rivet-backend.ts";
import { ShardBackend } from "../../src/rivetkit/shards/shard-backend.ts";
import { ShardedBackend } from "../../src/rivetkit/shards/sharded-backend.ts";
import type { ShardBy } from "../../src/rivetkit/sharding/shard-layout.ts";
import { shardName } from "../../src/rivetkit/sharding/shard-name.ts";
import { FakeActor } from "./fake-actor.ts";

const actorName = "reactiveState";

/** The actors of a backend without an engine, as many as it has shards. */
export class FakeShards {
  readonly #actors: ReadonlyMap<string, FakeActor>;

  private constructor(actors: ReadonlyMap<string, FakeActor>) {
    this.#actors = actors;
  }

  static async start(shards: number): Promise<FakeShards> {
    const names = Array.from({ length: shards }, (_, index) => shardName({ whole: "global", index, shards }));
    const actors = new Map(names.map((name) => [name, new FakeActor({}, name)]));
    for (const actor of actors.values()) await actor.start();
    return new FakeShards(actors);
  }

  of(actorId: string): FakeActor {
    return this.#actors.get(actorId)!;
  }

  get all(): readonly FakeActor[] {
    return [...this.#actors.values()];
  }

  /** The backend of another server. */
  backend(by: ShardBy = {}): Backend {
    const names = [...this.#actors.keys()];
    if (names.length === 1) return new RivetBackend({ actorName, actorId: names[0]! });
    return new ShardedBackend({
      id: `${actorName}/global`,
      sharding: { shards: names.length, by },
      createShard: (index, partOf) => new ShardBackend({ actorName, actorId: names[index]!, partOf, by }),
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map(({ service }) => service.close()));
  }
}
