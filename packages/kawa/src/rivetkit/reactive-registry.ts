import { setup } from "rivetkit";
import { reactiveStateActor } from "./actor/actor.ts";
import { adoptRegistry } from "./host/adopt-registry.ts";

/**
 * A registry with just the `reactiveState` actor, for apps that have no actors of their own.
 *
 * @example
 * initReactiveBackend({ registry: reactiveRegistry });
 * reactiveRegistry.start({ defaultServerPort: 3001 });
 */
export const reactiveRegistry = adoptRegistry(setup({ use: { reactiveState: reactiveStateActor } }));
