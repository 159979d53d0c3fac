import { setTimeout as sleep } from "node:timers/promises";
import { actor } from "rivetkit";
import { db } from "rivetkit/db";
import { isKawaError, KawaError, show } from "../../core/errors/errors.ts";
import { maxValueBytes as defaultMaxValueBytes } from "../../core/value/value.ts";
import { actorAudience } from "../wire/actor-audience.ts";
import { ActorService } from "./actor-service.ts";
import { type ActorSettings, attachSettings, latestSettings } from "../hooks/actor-settings.ts";
import type { ReactiveStateActions } from "../hooks/client-actions.ts";
import { actionNames, clientParams } from "../hooks/client-params.ts";
import { verifyClient } from "./client-token.ts";
import {
  type ActionName,
  type AnyContext,
  type AnyHooks,
  type HookContext,
  type ReactiveStateActorHooks,
} from "../hooks/hooks.ts";
import { takeHooks } from "../hooks/hooked-client.ts";
import { host } from "../host/host.ts";
import { goneFailure } from "../engine/disk-check.ts";
import { hostedServices, startFailureKey, startFailures } from "../wire/hosted-services.ts";
import { openActorJournal, removeActorJournal } from "../journal/actor-journal.ts";
import { toPublicError } from "../wire/refusal.ts";
import { checkHome } from "../sharding/check-home.ts";
import { shardsOf } from "../sharding/shard-name.ts";
import { serveReplica } from "./serve-replica.ts";
import { SignalStore } from "../store/signal-store.ts";
import { migrateSignalStore, type SqlDatabase, sqliteHandle } from "../storage/sqlite-storage.ts";
import type { SignalStorage, StoreHandle } from "../storage/storage.ts";

/** Options of {@link createReactiveStateActor}. */
export type ReactiveStateActorOptions = {
  /** Where the actor keeps its values, such as `redisStorage({ url })`. @default the SQLite database that RivetKit gives it */
  storage?: SignalStorage;
  /**
   * What an acknowledged write survives where the engine is embedded and stores in files: `"disk"` a power cut, `"process"` the end of
   * every process (`kill -9`), but not a power cut. It says nothing about another store: see docs/storage.md for what each promises.
   *
   * @default "disk"
   */
  durability?: Durability;
  /** Largest encoded value in bytes, at most 8 MiB. @default 262_144 (256 KiB) */
  maxValueBytes?: number;
  /** The actor leaves the memory when no server has been connected for this long, in milliseconds. @default 60_000 */
  sleepTimeoutMs?: number;
};

/** Where an acknowledged write is: on the disk, or in the memory of the system, which writes it to the disk some seconds later. */
export type Durability = "disk" | "process";

/** A RivetKit actor that keeps signals. `createClient<typeof registry>` knows its actions. */
export type ReactiveStateActor = { readonly config: { readonly actions: ReactiveStateActions } };

type Vars = { service: ActorService | undefined };
type Waking = HookContext & { readonly db: SqlDatabase; readonly vars: Vars };

/** Pause after a start that has failed. It is shorter than the engine waits for a start. */
const startRetryMs = 3_000;
const maxMaxValueBytes = 8 * 1024 * 1024;

/**
 * An actor that keeps signals, with hooks that authorise, change or watch what is done with them. Servers of this app reach it
 * through `initReactiveBackend`. RivetKit clients reach only the actions that a hook names; they are anonymous, or have the identity
 * of a token of `issueToken`. Browsers reach what is exposed; where there are hooks of writes, only the writes that one of them
 * names, and likewise for reads.
 *
 * @throws {KawaError} OPTION_INVALID - an option is out of its range
 * @example
 * export const secureActor = createReactiveStateActor({
 *   setSignal: async (c, params, next) => {
 *     if (params.key.startsWith("admin:") && !params.isAdmin) throw new Error("Admin access required");
 *     return await next(params);
 *   },
 * });
 */
export function createReactiveStateActor<C extends object = AnyContext>(
  hooks: ReactiveStateActorHooks<C> = {},
  options: ReactiveStateActorOptions = {},
): ReactiveStateActor {
  const { storage, durability = "disk", maxValueBytes = defaultMaxValueBytes, sleepTimeoutMs = 60_000 } = options;
  if (!(durability === "disk" || durability === "process")) {
    throw new KawaError("OPTION_INVALID", `durability must be "disk" or "process", not ${show(durability)}.`);
  }
  if (storage && options.durability) {
    throw new KawaError(
      "OPTION_INVALID",
      `durability applies only to the embedded engine's files; leave it out with storage, which has its own settings.`,
    );
  }
  if (!(maxValueBytes > 0 && maxValueBytes <= maxMaxValueBytes)) {
    throw new KawaError("OPTION_INVALID", `maxValueBytes must be 1 to ${maxMaxValueBytes}, not ${maxValueBytes}.`);
  }
  if (!(sleepTimeoutMs > 0))
    throw new KawaError("OPTION_INVALID", `sleepTimeoutMs must be positive, not ${sleepTimeoutMs}.`);
  const settings: ActorSettings = { hooks: hooks as AnyHooks, maxValueBytes };

  const openHandle = async (c: Waking): Promise<StoreHandle> => {
    if (storage) return storage.open([c.name, ...c.key].join("/"));
    const { journals } = host();
    const gone = journals && goneFailure();
    if (gone) throw gone;
    const handle = sqliteHandle(c.db);
    return journals
      ? openActorJournal(handle, { journals, durability, id: c.actorId, name: [c.name, ...c.key] })
      : handle;
  };
  const openStore = async (c: Waking): Promise<SignalStore> =>
    SignalStore.open(await openHandle(c), { maxValueBytes, shards: shardsOf(c.key[0]) });
  const open = async (c: Waking): Promise<void> => {
    const store = await openStore(c).catch((error) => reportSlowly(c, error));
    startFailures.delete(startFailureKey(c.name, c.key));
    c.vars.service = new ActorService({ store, settings: () => latestSettings(c.name) ?? settings, context: c });
    hostedServices.set(store.instance, c.vars.service);
    // Another incarnation has taken over its storage, and has ended: the next one opens it anew.
    store.listen(
      () => {},
      () => c.vars.service && c.sleep(),
    );
  };
  const close = async (c: Waking): Promise<void> => {
    const { service } = c.vars;
    if (!service) return;
    c.vars.service = undefined;
    hostedServices.delete(service.store.instance);
    await service.close();
  };
  const destroy = async (c: Waking): Promise<void> => {
    await close(c);
    const { journals } = host();
    if (journals && !storage) await removeActorJournal(journals, [c.name, ...c.key]);
  };
  const serviceOf = (c: HookContext): ActorService => {
    const { service } = (c as Waking).vars;
    if (!service) throw new KawaError("BACKEND_UNAVAILABLE", "The actor is going to sleep.");
    return service;
  };

  const createAction = (name: ActionName) =>
    publicly(async (c: HookContext, ...given: unknown[]) => {
      const { args, chain } = takeHooks(given);
      const params = { ...(await verifyClient(c)), ...clientParams(name, args) };
      const { clients, store } = serviceOf(c);
      // Its values may have moved to other actors, or the key may be of another one.
      store.gate.check();
      checkHome(c.key, params, store.gate.by);
      return clients.perform(c, { name, params, chain });
    });

  // What each of them gives is in `ReactiveStateActions`.
  const actions = Object.fromEntries(actionNames.map((name) => [name, createAction(name)])) as Record<
    ActionName,
    (c: HookContext, ...given: unknown[]) => Promise<never>
  >;

  const definition = actor({
    options: { name: "reactiveState", sleepTimeout: sleepTimeoutMs },
    db: db({ onMigrate: migrateSignalStore }),
    createVars: (): Vars => ({ service: undefined }),
    onWake: (c) => open(c as Waking),
    onSleep: (c) => close(c as Waking),
    onDestroy: (c) => destroy(c as Waking),
    onConnect: publicly(async (c: HookContext) => {
      // Hooks hear of a raw socket when it has proved to be that of a server of this app. A client may give a wrong URL; it is then
      // admitted, or refused, at its first action.
      if (isRawSocket(c)) return;
      await verifyClient(c);
      await serviceOf(c).clients.admit(c);
    }),
    onDisconnect: (c, conn) => c.vars.service?.clients.dismiss(conn.id),
    onWebSocket: (c, socket) => {
      const { service } = c.vars;
      if (service) serveReplica(service, socket, actorAudience(c.name, c.key));
      else socket.close(1001, "actor sleeps");
    },
    actions,
  });
  attachSettings(definition, settings);
  return definition as ReactiveStateActor;
}

/**
 * The actor without hooks, for your own `setup({ use: { reactiveState: reactiveStateActor } })`. It serves the servers of this
 * app, through `initReactiveBackend`, and refuses everybody else.
 */
export const reactiveStateActor: ReactiveStateActor = createReactiveStateActor();

function isRawSocket(c: HookContext): boolean {
  const { request } = c as { request?: { readonly url?: string } };
  return request?.url !== undefined && URL.parse(request.url)?.pathname.startsWith("/websocket") === true;
}

/**
 * Slows down and reports a start that fails: the engine would start an actor that is asked for again at once, and other processes learn the
 * reason only from the log.
 */
async function reportSlowly({ name, key }: HookContext, error: unknown): Promise<never> {
  const failureKey = startFailureKey(name, key);
  const isKnown = startFailures.get(failureKey)?.message === (error as Error | undefined)?.message;
  // Others pass by themselves, as when two incarnations start at once.
  if (isKawaError(error) && !error.code.startsWith("BACKEND_")) startFailures.set(failureKey, error);
  if (!isKnown) console.error(`[kawa] The actor ${[name, ...key].join("/")} cannot start:`, error);
  await sleep(startRetryMs);
  throw error;
}

/** RivetKit shows clients what a plain error says, at least over a WebSocket. */
function publicly<A extends unknown[], R>(fn: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    try {
      return await fn(...args);
    } catch (error) {
      throw toPublicError(error);
    }
  };
}
