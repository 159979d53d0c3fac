import type { RegistryActors } from "rivetkit";
import { type AnyRegistry, host } from "./host.ts";
import { startHost, type StartOptions } from "./start-host.ts";
import { tuneDatabases } from "./tune-databases.ts";

declare module "rivetkit" {
  interface Registry<A extends RegistryActors> {
    /**
     * Of a registry that `initReactiveBackend` was called with: starts the embedded engine (or connects to the one of
     * `RIVET_ENDPOINT`), hosts the actors, and stops both at SIGTERM and SIGINT. The process stays alive. Calling it again
     * is the same start. In Next.js, call `startKawa()` instead.
     *
     * The promise resolves when the actors can be reached. You need not await it: then a failure is printed and ends the
     * process with exit code 1.
     *
     * @throws {KawaError} ENGINE_PORT_TAKEN - another program listens on the port
     * @throws {KawaError} ENGINE_START_FAILED, ENGINE_BINARY_MISSING, ENGINE_PLATFORM_UNSUPPORTED, ENGINE_FOLDER_UNWRITABLE -
     *   the embedded engine cannot run here
     * @throws {KawaError} SECRET_MISSING - `RIVET_ENDPOINT` is set without `KAWA_SECRET`
     * @throws {KawaError} BACKEND_UNAVAILABLE, BACKEND_TIMEOUT - the engine answers, the actors do not
     * @example
     * initReactiveBackend({ registry });
     * registry.start({ defaultServerPort: 3001 });
     */
    start(options: StartOptions): Promise<void>;
  }
}

/**
 * Makes a registry start and stop the one engine and the one runner of this process. Left to itself it would start an
 * engine of its own, whose actors no signal reaches. Idempotent.
 */
export function adoptRegistry<R extends AnyRegistry>(registry: R): R {
  // Before any database opens: the engine of a serverless app starts actors without a start of the host.
  tuneDatabases();
  if (Object.hasOwn(registry, "start")) return registry;
  const shutdownOfHandler = registry.shutdown.bind(registry);
  const start = (options?: StartOptions): Promise<void> => {
    host().use(registry);
    return startHost(options);
  };
  const methods = {
    start,
    startAndWait: () => start(),
    startEnvoy: () => void start(),
    async shutdown(): Promise<void> {
      await host().stop();
      await shutdownOfHandler();
    },
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(registry, name, { value, configurable: true, writable: true });
  }
  return registry;
}
