import { type Backend, knownBackends, registerBackend } from "../core/backend/backend.ts";
import { clip, KawaError } from "../core/errors/errors.ts";
import { LostHost } from "./engine/lost-host.ts";
import { keepLatestSettings, settingsOf } from "./hooks/actor-settings.ts";
import { adoptRegistry } from "./host/adopt-registry.ts";
import type { GetContext } from "./identity/context.ts";
import { type AnyRegistry, host } from "./host/host.ts";
import type { Hosting } from "./settings/hosting.ts";
import { hostedServices } from "./wire/hosted-services.ts";
import type { ActorAddress } from "./replica/open-socket.ts";
import { restWhenUnused } from "./replica/rest.ts";
import { RivetBackend } from "./replica/rivet-backend.ts";
import { createShards } from "./shards/create-shards.ts";
import { watchLeftCopies } from "./shards/left-copies.ts";
import type { ShardedBackend } from "./shards/sharded-backend.ts";
import { checkActorId, shardingOf } from "./sharding/sharding-of.ts";
import type { Sharding } from "./sharding/shard-layout.ts";
import { shardName } from "./sharding/shard-name.ts";

/** A backend over a RivetKit actor, as {@link initReactiveBackend} returns it. */
export type ReactiveBackend = Backend;

/** Options of {@link initReactiveBackend}. */
export type InitReactiveBackendOptions = {
  /** Registry that holds the reactive state actor: `reactiveRegistry`, or your own. */
  registry: AnyRegistry;
  /** Name of the reactive state actor in the registry. @default "reactiveState" */
  actorName?: string;
  /** Which actor of that name. Backends with different ids share nothing. @default "global" */
  actorId?: string;
  /** Serves the namespaces that name no backend. @default true */
  global?: boolean;
  /**
   * Spreads the keys over so many actors, at most 64, which may live on several servers. The number is stored: a server with another one is
   * refused until `kawa reshard` has copied the values (docs/shards.md). A collection lives whole on one of them.
   *
   * @default 1
   */
  shards?: number;
  /**
   * How many segments of a key name its entity, by prefix; the keys of an entity are on one shard. It is stored, as `shards` is. A collection
   * that it would divide is refused.
   *
   * @default all segments of the key but the last one, and at most two
   * @example
   * { scores: 2 } // "scores:alice" and "scores:bob" may be on different shards
   */
  shardBy?: Readonly<Record<string, number>>;
  /**
   * Tells who acts, from what the server has verified, such as the session of the request. Hooks of the actor find the fields
   * in their `params`. It is called only where there are hooks. @default callers are anonymous
   */
  getContext?: GetContext;
  /**
   * Where the actors live: `"runner"` in this process, `"serverless"` in requests of the engine to the mounted route, `"none"` in other
   * processes. Without an engine of its own (`RIVET_ENDPOINT`) a process is a `"runner"`. All backends of a process have the same.
   *
   * @default `KAWA_HOSTING`, else `"serverless"` on Vercel and AWS Lambda, and `"runner"` everywhere else
   */
  hosting?: Hosting;
};

/**
 * Makes the signals of this process live in a RivetKit actor: durable, and shared with every other server. Call it once
 * at server startup; calling it again with the same actor returns the same backend and takes over an edited registry.
 *
 * @throws {KawaError} OPTION_INVALID - the registry has no actor of that name, `actorId` is empty or that of a shard, `shards` or
 * `shardBy` is out of its range, or `hosting` is none of the three
 * @example
 * initReactiveBackend({ registry: reactiveRegistry });
 */
export function initReactiveBackend(options: InitReactiveBackendOptions): ReactiveBackend {
  const { registry, actorName = "reactiveState", actorId = "global", global = true, getContext, hosting } = options;
  const definition = registry.config.use[actorName];
  if (!definition) {
    throw new KawaError(
      "OPTION_INVALID",
      `The registry has no actor "${clip(actorName)}". Add it: setup({ use: { ${clip(actorName)}: reactiveStateActor } }).`,
    );
  }
  checkActorId(actorId);
  const sharding = shardingOf(options.shards ?? 1, options.shardBy);
  if (keepLatestSettings(registry.config.use)) for (const service of hostedServices.values()) service.noticeNewHooks();
  host().elsewhere.setHosting(hosting);
  host().use(adoptRegistry(registry));
  const address = { actorName, actorId };
  const backend = (findOpen(address, sharding) ?? createBackend(address, definition, sharding)) as OwnBackend;
  backend.getContext = getContext;
  host().attach(backend);
  watchLeftCopies();
  for (const shard of shardsIn(backend)) {
    restWhenUnused(shard);
    registerBackend(shard, { global: false });
  }
  registerBackend(backend, { global });
  return backend;
}

type Address = Pick<ActorAddress, "actorName" | "actorId">;

type OwnBackend = RivetBackend | ShardedBackend;

function createBackend(address: Address, definition: object, sharding: Sharding): OwnBackend {
  const settings = settingsOf(definition);
  const createLostHost = (of: Address): LostHost => new LostHost({ ...of, target: () => host().start() });
  if (sharding.shards > 1) return createShards({ ...address, sharding, settings, createLostHost });
  return new RivetBackend({ ...address, ...settings, lostHost: createLostHost(address) });
}

function shardsIn(backend: OwnBackend): readonly RivetBackend[] {
  return "shards" in backend ? backend.shards : [backend];
}

function findOpen({ actorName, actorId: whole }: Address, { shards }: Sharding): ReactiveBackend | undefined {
  const found = knownBackends().get(`${actorName}/${shardName({ whole, index: 0, shards })}`);
  return found === undefined || found.status === "closed" ? undefined : (found.partOf ?? found);
}
