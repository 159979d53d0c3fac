import type { LostHost } from "../engine/lost-host.ts";
import type { ActorSettings } from "../hooks/actor-settings.ts";
import type { ActorAddress } from "../replica/open-socket.ts";
import type { Sharding } from "../sharding/shard-layout.ts";
import { shardName } from "../sharding/shard-name.ts";
import { admit } from "./admission.ts";
import { ShardActor } from "./shard-actor.ts";
import { ShardBackend } from "./shard-backend.ts";
import { ShardedBackend } from "./sharded-backend.ts";

export type CreateShardsOptions = Pick<ActorAddress, "actorName" | "actorId"> & {
  readonly sharding: Sharding;
  readonly settings: ActorSettings | undefined;
  readonly createLostHost: (address: Pick<ActorAddress, "actorName" | "actorId">) => LostHost;
};

/** A backend over shards. The first of them that is needed asks whether their number is the stored one. */
export function createShards({ sharding, settings, createLostHost, ...root }: CreateShardsOptions): ShardedBackend {
  const { actorName, actorId: whole } = root;
  const { shards, by } = sharding;
  const names = Array.from({ length: shards }, (_, index) => shardName({ whole, index, shards }));
  const check = async (): Promise<void> => {
    const opened: ShardActor[] = [];
    const open = (actorId: string): ShardActor => {
      const address = { actorName, actorId };
      const actor = new ShardActor(address, createLostHost(address));
      opened.push(actor);
      return actor;
    };
    try {
      await admit(open(whole), sharding, () => names.map(open));
    } finally {
      for (const actor of opened) actor.close();
    }
  };
  let admitted: Promise<void> | undefined;
  const admitOnce = (): Promise<void> => {
    admitted ??= check().catch((error: unknown) => {
      admitted = undefined;
      throw error;
    });
    return admitted;
  };
  return new ShardedBackend({
    id: `${actorName}/${whole}`,
    sharding,
    createShard: (index, partOf) => {
      const address = { actorName, actorId: names[index]! };
      const lostHost = createLostHost(address);
      return new ShardBackend({ ...address, ...settings, admit: admitOnce, lostHost, partOf, by });
    },
  });
}
