import { createClient } from "rivetkit/client";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { AnyRegistry } from "../host/host.ts";
import { clientAccess, type EngineTarget } from "../settings/engine-target.ts";
import type { Socket } from "../wire/protocol.ts";

const openTimeoutMs = 5_000;

/** RivetKit gives its sockets no type. */
type OpeningSocket = Socket & { readonly readyState: number; readonly OPEN: number };

export type ActorAddress = {
  readonly actorName: string;
  readonly actorId: string;
  /**
   * Resolves when this process may use the actor: it counts on the number of shards that is stored.
   *
   * @throws {KawaError} SHARDS_MISMATCH
   */
  readonly admit?: (() => Promise<void>) | undefined;
  /** Whoever looks after the shards themselves reaches an actor whatever their number is. */
  readonly isForShards?: true | undefined;
};

/**
 * Opens a raw socket to an actor, which RivetKit wakes for it.
 *
 * @throws {KawaError} BACKEND_UNAVAILABLE, BACKEND_TIMEOUT - try again
 */
export async function openSocket({ actorName, actorId }: ActorAddress, target: EngineTarget): Promise<Socket> {
  const actors = createClient<AnyRegistry>(clientAccess(target));
  const opening: Promise<OpeningSocket> = actors[actorName]!.getOrCreate([actorId]).webSocket().then(whenOpen);
  try {
    return await withTimeout(opening, openTimeoutMs, () => {
      opening.then(
        (late) => late.close(),
        () => {},
      );
      throw new KawaError("BACKEND_TIMEOUT", `The actor could not be reached within ${openTimeoutMs} ms.`);
    });
  } catch (cause) {
    if (isKawaError(cause)) throw cause;
    throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not be reached.", { cause });
  }
}

function whenOpen(socket: OpeningSocket): Promise<OpeningSocket> {
  return new Promise((resolve, reject) => {
    if (socket.readyState === socket.OPEN) return resolve(socket);
    socket.addEventListener("open", () => resolve(socket));
    const fail = (): void => reject(new KawaError("BACKEND_UNAVAILABLE", "The actor refused the connection."));
    socket.addEventListener("close", fail);
    socket.addEventListener("error", fail);
  });
}
