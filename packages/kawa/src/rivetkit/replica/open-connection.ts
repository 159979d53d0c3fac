import type { KawaError } from "../../core/errors/errors.ts";
import { hedged } from "../../core/process/hedged.ts";
import { disk } from "../engine/disk-check.ts";
import { startFailureKey, startFailures } from "../wire/hosted-services.ts";
import { Connection, type ConnectionEvents } from "./connection.ts";
import { isOfHost } from "./final-errors.ts";
import type { ActorAddress } from "./open-socket.ts";

/** An attempt that hangs, as on a network that loses everything, holds up no other. In milliseconds. */
const hedge = { afterMs: 2_500, most: 3 } as const;

export type OpenOptions = {
  readonly address: ActorAddress;
  readonly events: ConnectionEvents;
  /** Whether it is the one whose events count: more than one may be open. */
  readonly isCurrent: (connection: Connection) => boolean;
  /** Set when nobody needs a connection any more. */
  readonly closedBy: () => KawaError | undefined;
};

/**
 * Opens a connection, in several attempts where one hangs. The others are closed. Rejects at once when an attempt has failed for a reason
 * that another one would not mend ({@link finalOf}).
 */
export function openConnection(options: OpenOptions): Promise<Connection> {
  const finals = new Set<unknown>();
  const open = async (): Promise<Connection> => {
    try {
      return await attempt(options);
    } catch (error) {
      const final = await finalOf(error, options.address);
      if (final) finals.add(final);
      throw final ?? error;
    }
  };
  return hedged(open, { ...hedge, drop: (late) => late.close(), isFinal: (error) => finals.has(error) });
}

/** The reason of a failure, where no retry helps before the project or its disk is changed. */
export async function finalOf(error: unknown, { actorName, actorId }: ActorAddress): Promise<KawaError | undefined> {
  return isOfHost(error) ? error : (startFailures.get(startFailureKey(actorName, [actorId])) ?? (await disk.failure()));
}

async function attempt({ address, events, isCurrent, closedBy }: OpenOptions): Promise<Connection> {
  const error = closedBy();
  if (error) throw error;
  let own: Connection | undefined = undefined;
  const counts = (): boolean => own !== undefined && isCurrent(own);
  own = await Connection.open(address, {
    onDelta: (delta) => counts() && events.onDelta(delta),
    onPosition: (position) => counts() && events.onPosition(position),
    onLate: () => counts() && events.onLate(),
  });
  return own;
}
