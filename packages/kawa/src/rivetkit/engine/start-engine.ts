import { existsSync } from "node:fs";
import { join } from "node:path";
import { KawaError } from "../../core/errors/errors.ts";
import { env } from "../settings/env.ts";
import { leanInstallHint } from "../settings/lean-install.ts";
import { checkDisk } from "./disk-room.ts";
import { createNamespace, findNamespace, isHealthy, oldNamespace } from "./engine-api.ts";
import { isEngineAlive, recordOf } from "./engine-owner.ts";
import type { EngineFolder, EngineRecord } from "./folder.ts";
import { forgetEarlier, type Forgotten } from "./forget-earlier.ts";
import { isOfAnother, joinOrWaitForEnd } from "./join-engine.ts";
import { findEnginePort, isEnginePortFree } from "./ports.ts";
import { signalProcess, waitUntil } from "./processes.ts";
import { storesInFiles } from "./settings.ts";
import { type EngineProcess, spawnEngine } from "./spawn-engine.ts";
import { hideNamespace } from "./store-tool.ts";

const startTimeoutMs = 20_000;
const stopTimeoutMs = 4_000;

export type Started = { readonly port: number; readonly started: EngineProcess | undefined };

export type WantedEngine = {
  readonly folder: EngineFolder;
  readonly adminToken: string;
  /** Port to listen on; it must be free. @default the port that the folder remembers, else a free one */
  readonly port?: number | undefined;
};

/** Starts the engine of a folder, or joins that of another process. */
export async function startOrJoin(
  { folder, adminToken, port: askedPort }: WantedEngine,
  forgotten: Forgotten,
): Promise<Started> {
  const record = folder.readRecord();
  if (record && record.pid > 0 && (await joinOrWaitForEnd(record, adminToken)))
    return { port: record.port, started: undefined };
  // The other process of this folder expects the engine on its old port.
  const fixedPort = record && isOfAnother(record) ? record.port : askedPort;
  const port = fixedPort ?? (await choosePort(record));
  if (fixedPort !== undefined && !(await waitUntil(() => isEnginePortFree(fixedPort), 1_000))) {
    throw new KawaError(
      "ENGINE_PORT_TAKEN",
      `The embedded engine cannot listen on port ${fixedPort}: another program uses it. ` +
        `Stop that program; the engine starts as soon as the port is free.`,
      { data: { port: fixedPort } },
    );
  }
  if (existsSync(join(folder.dataPath, "CURRENT"))) await forgetEarlier(folder, forgotten);
  return { port, started: await startProcess(folder, port, adminToken) };
}

export type StartedWithNamespace = Started & { readonly namespace: string };

/** Starts or joins the engine for the first time, and finds or makes the namespace. */
export async function startWithNamespace(wanted: WantedEngine): Promise<StartedWithNamespace> {
  // Said once: when the app is developed and its first engine starts.
  const hint = env.isDevelopment && !wanted.folder.readRecord() && leanInstallHint(env.workingFolder);
  if (hint) console.warn(`[kawa] ${hint}`);
  // The actors of another process that has lost its engine start anew too. That happens once, and nothing is lost.
  const first = await startOrJoin(wanted, { withServers: true });
  try {
    return await settleNamespace(wanted, first);
  } catch (error) {
    if (first.started) await endProcess(first.started);
    throw error;
  }
}

/** Finds or makes the namespace of the actors. A name that others know is replaced. */
async function settleNamespace({ folder, adminToken }: WantedEngine, first: Started): Promise<StartedWithNamespace> {
  const { port } = first;
  const found = await findNamespace({ port, adminToken });
  if (found === undefined) {
    folder.forgetNamespaceOfOriginal();
    return { ...first, namespace: await createNamespace({ port, adminToken }) };
  }
  // While another process runs the engine, the namespace is in use.
  const mustHide = found === oldNamespace || (folder.hasNamespaceOfOriginal && storesInFiles(folder.dataPath));
  if (!mustHide || !first.started) return { ...first, namespace: found };
  await endProcess(first.started);
  const namespace = await hideNamespace(folder, found);
  folder.forgetNamespaceOfOriginal();
  await forgetEarlier(folder, { withServers: true });
  return { port, namespace, started: await startProcess(folder, port, adminToken) };
}

export async function endProcess({ pid, exited }: EngineProcess): Promise<void> {
  signalProcess(pid, "SIGTERM");
  const timer = setTimeout(() => signalProcess(pid, "SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}

/** Kills the engine. The process that supervises it starts it again. */
export function killEngineOf(folder: EngineFolder): void {
  if (folder.isGone) return;
  const record = folder.readRecord();
  if (record && record.pid > 0 && isEngineAlive(record)) signalProcess(record.pid, "SIGKILL");
}

async function startProcess(folder: EngineFolder, port: number, adminToken: string): Promise<EngineProcess> {
  const engine = await spawnEngine(folder, { port, adminToken });
  try {
    folder.writeRecord(recordOf(engine.pid || -1, port));
  } catch (error) {
    // Without a record no process would find this engine.
    signalProcess(engine.pid, "SIGKILL");
    throw error;
  }
  let ended = false;
  void engine.exited.then(() => (ended = true));
  const ready = await waitUntil(async () => ended || (await isHealthy(port)), startTimeoutMs);
  if (!ready || ended) {
    signalProcess(engine.pid, "SIGKILL");
    await checkDisk();
    throw new KawaError(
      "ENGINE_START_FAILED",
      `The embedded engine ${ended ? "ended at start" : `did not answer within ${startTimeoutMs} ms`}. ` +
        `Its log is ${folder.logPath} and ends with:\n${folder.lastLogLines(5)}`,
    );
  }
  return engine;
}

async function choosePort(record: EngineRecord | undefined): Promise<number> {
  if (record && (await isEnginePortFree(record.port))) return record.port;
  return findEnginePort();
}
