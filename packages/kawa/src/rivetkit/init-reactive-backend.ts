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
 * @throws {KawaError} OPTION_INVALID - the registry has no actor of that name, `actorId` is empty, or `hosting` is none of the three
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
  if (actorId === "") throw new KawaError("OPTION_INVALID", `actorId is empty; leave it out for "global".`);
  if (keepLatestSettings(registry.config.use)) for (const service of hostedServices.values()) service.noticeNewHooks();
  host().elsewhere.setHosting(hosting);
  host().use(adoptRegistry(registry));
  const backend = findOpen(`${actorName}/${actorId}`) ?? createBackend({ actorName, actorId }, definition);
  backend.getContext = getContext;
  host().attach(backend);
  restWhenUnused(backend);
  registerBackend(backend, { global });
  return backend;
}

function createBackend(address: ActorAddress, definition: object): RivetBackend {
  const lostHost = new LostHost({ ...address, target: () => host().start() });
  return new RivetBackend({ ...address, ...settingsOf(definition), lostHost });
}

function findOpen(id: string): RivetBackend | undefined {
  const found = knownBackends().get(id) as RivetBackend | undefined;
  return found?.status === "closed" ? undefined : found;
}
