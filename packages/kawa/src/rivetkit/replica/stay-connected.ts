import { setTimeout as sleep } from "node:timers/promises";
import type { KawaError } from "../../core/errors/errors.ts";
import { backoff, type BackoffLimits } from "../../core/process/backoff.ts";
import { startFailureKey, startFailures } from "../wire/hosted-services.ts";
import type { Connection } from "./connection.ts";
import { finalOf, type OpenOptions, openConnection } from "./open-connection.ts";
import { successorOf } from "./successor.ts";

const retries: BackoffLimits = { firstMs: 50, maxMs: 1_000 };

export type StayConnectedOptions = OpenOptions & {
  /** Goes on with a connection, in the place of the one before. Resolves when it is in step. */
  readonly follow: (connection: Connection) => Promise<void>;
  /** `final` is set where no retry helps before the project or its disk is changed. */
  readonly onFailure: (error: unknown, final: KawaError | undefined) => void;
  /** Called when there is no connection any more. */
  readonly onLost: () => void;
};

/** Follows one connection after the other until the link is closed: the next one when one has ended, or while nothing comes from it. */
export async function stayConnected(options: StayConnectedOptions): Promise<void> {
  const { address, closedBy, follow, onFailure, onLost } = options;
  const startKey = startFailureKey(address.actorName, [address.actorId]);
  const openNext = (): Promise<Connection | undefined> =>
    openConnection(options).catch(async (error) => {
      onFailure(error, await finalOf(error, address));
      return undefined;
    });
  let failureCount = 0;
  while (!closedBy()) {
    let connection: Connection | undefined;
    try {
      connection = await openConnection(options);
      while (connection && !closedBy()) {
        await follow(connection);
        failureCount = 0;
        // The actor runs, perhaps in another process.
        startFailures.delete(startKey);
        connection = await successorOf(connection, openNext);
      }
    } catch (error) {
      onFailure(error, await finalOf(error, address));
    }
    connection?.close();
    if (closedBy()) return;
    onLost();
    failureCount += 1;
    // With jitter: all servers lose the actor at the same moment.
    await sleep(backoff(retries, failureCount) * (0.5 + Math.random()), undefined, { ref: false });
  }
}
