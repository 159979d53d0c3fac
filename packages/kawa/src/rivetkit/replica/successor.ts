import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";

/** Gap between two tries to replace a quiet connection, in milliseconds. */
const retryMs = 1_000;

/**
 * Resolves when a connection is over: with undefined, or with another one, which `open` has given while nothing came from this one. Whoever
 * gets that ends the quiet one.
 */
export async function successorOf(
  connection: Connection,
  open: () => Promise<Connection | undefined>,
): Promise<Connection | undefined> {
  for (;;) {
    await Promise.race([connection.closed, connection.whenQuiet()]);
    if (connection.isOver) return undefined;
    const next = await open();
    if (next && (connection.isOver || connection.isQuiet)) return next;
    next?.close();
    if (connection.isOver) return undefined;
    await Promise.race([connection.closed, sleep(retryMs, undefined, { ref: false })]);
  }
}
