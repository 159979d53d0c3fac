import { isKawaError } from "../core/errors/errors.ts";
import type { Resharded } from "../rivetkit/shards/reshard.ts";
import { realTerminal, type Terminal } from "./init.ts";
import { loadEnvironment } from "./load-environment.ts";

export type ReshardArguments = {
  /** The number of shards. */
  readonly number: string;
  /** `prefix=count`, for `shardBy`. */
  readonly by: readonly string[];
  /** Name and id of the backend's actor, as in the id of the backend. */
  readonly backend: string;
};

/** Copies the values of an app to another number of shards. Returns the exit code. */
export async function reshard(
  folder: string,
  { number, by, backend }: ReshardArguments,
  terminal: Terminal = realTerminal,
): Promise<number> {
  loadEnvironment(folder);
  const [actorName = "", ...actorId] = backend.split("/");
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error("Interrupted."));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  // Nothing else does between two connections.
  const awake = setInterval(() => {}, 1_000);
  try {
    // The other commands need no actors.
    const { reshardApp } = await import("../rivetkit/shards/reshard-app.ts");
    const done = await reshardApp({
      shards: Number(number),
      by: Object.fromEntries(by.map((text) => depthIn(text))),
      actorName,
      actorId: actorId.join("/"),
      onStep: (text) => terminal.print(text),
      signal: interrupted.signal,
    });
    terminal.print(
      done
        ? `${copied(done)} are in ${inShards(number)} now; writes waited for ${Math.round(done.fencedMs)} ms. ` +
            `Start the servers with ${Number(number) === 1 ? 'no "shards"' : `"shards: ${number}"`}: those that run are refused.`
        : `The values are in ${inShards(number)} already.`,
    );
    return 0;
  } catch (error) {
    terminal.print(
      isKawaError(error) || error === interrupted.signal.reason ? (error as Error).message : String(error),
    );
    return 1;
  } finally {
    clearInterval(awake);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}

function copied({ keyCount, collectionCount }: Resharded): string {
  const collections = collectionCount === 1 ? "1 collection" : `${collectionCount} collections`;
  return collectionCount === 0 ? `${keyCount} keys` : `${keyCount} keys and ${collections}`;
}

function depthIn(text: string): [prefix: string, depth: number] {
  const at = text.lastIndexOf("=");
  return [text.slice(0, Math.max(at, 0)), at < 0 ? Number.NaN : Number(text.slice(at + 1))];
}

function inShards(number: string): string {
  return Number(number) === 1 ? "1 shard" : `${number} shards`;
}
