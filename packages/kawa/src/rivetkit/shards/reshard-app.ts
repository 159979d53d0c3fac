import { existsSync } from "node:fs";
import { KawaError } from "../../core/errors/errors.ts";
import { ownerOf } from "../engine/engine-owner.ts";
import { EngineFolder } from "../engine/folder.ts";
import { host } from "../host/host.ts";
import { env } from "../settings/env.ts";
import type { ShardBy } from "../sharding/shard-layout.ts";
import { type Resharded, reshard } from "./reshard.ts";
import { openShardActor, type ShardActor } from "./shard-actor.ts";
import { checkActorId, shardingOf } from "../sharding/sharding-of.ts";

export type ReshardAppOptions = {
  readonly shards: number;
  readonly by?: ShardBy | undefined;
  readonly actorName: string;
  readonly actorId: string;
  readonly onStep: (text: string) => void;
  readonly signal: AbortSignal;
};

/**
 * Copies the values of the app whose settings this process has. Its servers hold them: at least one has to run.
 *
 * @throws {KawaError} BACKEND_UNAVAILABLE, BACKEND_TIMEOUT - no server of the app runs, or its actors cannot be reached
 * @throws {KawaError} OPTION_INVALID, SHARDS_MISMATCH
 */
export async function reshardApp(options: ReshardAppOptions): Promise<Resharded | undefined> {
  const { shards, by, actorName, actorId: whole, onStep, signal } = options;
  checkActorId(whole);
  const to = shardingOf(shards, by);
  // This process hosts nothing: it has none of the app's hooks and storages.
  if (host().isEmbedded) checkServer();
  else host().elsewhere.setHosting("none");
  try {
    const open = (actorId: string): ShardActor => openShardActor({ actorName, actorId });
    return await reshard({ whole, to, open, onStep, signal });
  } finally {
    await host().stop();
  }
}

/** Without a server, this process would run the engine, and wait for actors that nobody hosts. */
function checkServer(): void {
  const path = env.dataDir;
  const record = existsSync(path) ? EngineFolder.open(path).readRecord() : undefined;
  if (record && ownerOf(record) === "process") return;
  throw new KawaError(
    "BACKEND_UNAVAILABLE",
    `No server of this app runs on ${path}. Start it as it was, and again when the values are copied.`,
  );
}
