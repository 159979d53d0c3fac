import type { KawaError } from "../../core/errors/errors.ts";
import { hedged } from "../../core/process/hedged.ts";
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

/** Opens a connection, in several attempts where one hangs. The others are closed. */
export function openConnection(options: OpenOptions): Promise<Connection> {
  return hedged(() => attempt(options), { ...hedge, drop: (late) => late.close(), isFinal: isOfHost });
}

async function attempt({ address, events, isCurrent, closedBy }: OpenOptions): Promise<Connection> {
  const error = closedBy();
  if (error) throw error;
  let own: Connection | undefined = undefined;
  const counts = (): boolean => own !== undefined && isCurrent(own);
  own = await Connection.open(address, {
    onDelta: (delta) => counts() && events.onDelta(delta),
    onPosition: (position) => counts() && events.onPosition(position),
  });
  return own;
}
