import type { EngineFolder } from "./folder.ts";
import { type AskStore, withStore } from "./with-store.ts";

const pegboard = "/rivet/pegboard";
const gasoline = "/rivet/gasoline/kv";
const lostSignal = "pegboard_actor2_lost";
/** How many actors are told to start anew. The engine finds out about the others by itself, some seconds later. */
const maxActors = 200;

export type Forgotten = {
  /** False where a server of the folder may still run its actors: then only the engines are forgotten. */
  readonly withServers: boolean;
};

/**
 * Tells the store that all earlier engines are gone and, if asked to, all servers too. An engine shares the workflows of its actors with
 * every engine that it saw in the last 20 s, and honours the leases of a killed one for 30 s, although no other process can open this
 * store. An actor of a killed server starts anew only when the engine has not heard of that server for some seconds, and may then be given
 * to another dead one.
 */
export async function forgetEarlier(folder: EngineFolder, { withServers }: Forgotten): Promise<void> {
  try {
    await withStore(folder, async (ask) => {
      await ask([`clear -r -y ${gasoline}/worker`]);
      if (withServers) await forgetServers(ask);
    });
  } catch (error) {
    // The start is slower, but not wrong: the engine finds out by itself.
    console.warn(
      `[kawa] The store does not know that its previous engine has ended, so the first values may take up to half a minute: ${(error as Error).message}`,
    );
  }
}

async function forgetServers(ask: AskStore): Promise<void> {
  const found = await ask([
    `ls -d 4 -s list ${pegboard}/namespace/envoy/by_name/active`,
    `ls -d 2 -s list ${pegboard}/actor/data`,
  ]);
  const servers = [...found.matchAll(/^ *\/([0-9a-z]{30})\/[^/\n]+\/\d+\/([0-9a-f-]{36})$/gm)];
  const actors = runningActors(found).slice(0, maxActors);
  if (servers.length + actors.length === 0) return;
  await ask([
    // The engine gives up its search for a server after some dead ones. One that lives is put there again when it connects.
    ...["envoy_hash_idx", "envoy_load_balancer_idx"].map((index) => `clear -r -y ${pegboard}/namespace/${index}`),
    ...servers.map(
      ([, namespace, server]) =>
        `set ${pegboard}/namespace/envoy/data/id:${namespace}/str:${server}/last_ping_ts i64:0`,
    ),
    ...actors.flatMap(lostCommands),
  ]);
}

type RunningActor = { readonly workflow: string; readonly generation: string };

/** Rows of an actor follow one another. One that sleeps has no server. */
function runningActors(rows: string): RunningActor[] {
  const byId = new Map<string, Map<string, string>>();
  for (const [, id, name, value = ""] of rows.matchAll(/^ *\/([0-9a-z]{30})\/([a-z_]+) \(\d+\)(?: = (.*))?$/gm)) {
    const actor = byId.get(id!) ?? new Map<string, string>();
    byId.set(id!, actor.set(name!, value));
  }
  return [...byId.values()].flatMap((actor) => {
    const workflow = actor.get("workflow_id") ?? "";
    const generation = actor.get("generation") ?? "";
    const isKnown = /^[0-9a-z]{30}$/.test(workflow) && /^\d+$/.test(generation) && actor.get("version") === "2";
    return isKnown && !actor.has("sleep_ts") ? [{ workflow, generation }] : [];
  });
}

/** The signal that the engine sends itself when a server is lost. It has the id of its workflow, so there is one of them at most. */
function lostCommands({ workflow, generation }: RunningActor): string[] {
  const signal = `${gasoline}/signal/data/id:${workflow}`;
  const now = Date.now();
  return [
    `clear -r -y ${gasoline}/workflow/signal/id:${workflow}/pending/str:${lostSignal}`,
    `clear -r -y ${signal}`,
    `set ${signal}/name str:${lostSignal}`,
    `set ${signal}/body/u64:0 json:{"generation":${generation},"reason":"envoy_connection_lost"}`,
    `set ${signal}/create_ts i64:${now}`,
    `set ${signal}/ray_id id:${workflow}`,
    `set ${signal}/workflow_id id:${workflow}`,
    // Last: only this makes the engine look for the others.
    `set ${gasoline}/workflow/signal/id:${workflow}/pending/str:${lostSignal}/${now}/id:${workflow} bytes:`,
  ];
}
