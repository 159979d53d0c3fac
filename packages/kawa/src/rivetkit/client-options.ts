import { type ClientAccess, clientAccess } from "./settings/engine-target.ts";
import { host } from "./host/host.ts";

/** What RivetKit's `createClient` needs to reach the engine of this app. */
export type RivetClientOptions = ClientAccess;

/**
 * How code of this app reaches its engine with a RivetKit client, for instance to call actors of your own. The embedded engine answers no
 * other client. Keep the options on the server: they allow everything with the engine. Starts the engine where it does not run yet.
 *
 * @throws {KawaError} ENGINE_START_FAILED, ENGINE_PORT_TAKEN, ENGINE_BINARY_MISSING, ENGINE_PLATFORM_UNSUPPORTED,
 *   ENGINE_FOLDER_UNWRITABLE - the embedded engine cannot run here
 * @throws {KawaError} SECRET_MISSING - RIVET_ENDPOINT is set and KAWA_SECRET is not
 * @throws {KawaError} ENGINE_ENDPOINT_MISSING, ENGINE_UNREACHABLE, ENGINE_TOKEN_REFUSED, ENGINE_NAMESPACE_REFUSED,
 *   ENGINE_POOL_UNUSABLE - the engine runs elsewhere, and a setting is wrong
 * @throws {KawaError} BACKEND_UNAVAILABLE - the engine answers, the actors do not
 * @example
 * const client = createClient<typeof registry>(await rivetClientOptions());
 * await client.myActor.getOrCreate(["one"]).increment();
 */
export async function rivetClientOptions(): Promise<RivetClientOptions> {
  return clientAccess(await host().start());
}
