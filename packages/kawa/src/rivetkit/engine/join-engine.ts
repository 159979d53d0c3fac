import { KawaError } from "../../core/errors/errors.ts";
import { isHealthy, obeys } from "./engine-api.ts";
import { isEngineAlive, ownerOf } from "./engine-owner.ts";
import type { EngineRecord } from "./folder.ts";
import { signalProcess, waitUntil } from "./processes.ts";

/** Longest wait for the end of an engine whose owner has ended: it ends with its owner. */
const endTimeoutMs = 4_000;
/** Longest wait for an answer. On a busy machine a healthy engine may be late too, and its owner looks after it. */
const answerTimeoutMs = 12_000;
/** By then another thread has started its crashed engine again, in milliseconds. */
export const threadRestartMs = 6_000;

/** Whether another thread or process runs the engine. Then the asked port does not count: a store can have one engine only. */
export function isOfAnother(record: EngineRecord): boolean {
  const owner = ownerOf(record);
  return owner === "process" || owner === "thread";
}

/**
 * Joins the engine that the folder remembers: true once it answers. False when it is gone, and this thread may start another one.
 *
 * @throws {KawaError} ENGINE_START_FAILED - it asks for another token than this folder has, or its thread has ended
 */
export async function joinOrWaitForEnd(record: EngineRecord, adminToken: string): Promise<boolean> {
  const { pid, port } = record;
  const owner = ownerOf(record);
  if (owner === "unknown" && !((await isHealthy(port)) && (await obeys(port, adminToken)))) return false;
  if (owner === "thread" && !(await waitUntil(() => isHealthy(port), threadRestartMs))) throw threadEnded();
  if (owner === "unknown" || owner === "thread" || (owner === "process" && (await answersInTime(record)))) {
    await checkShared(record, adminToken);
    return true;
  }
  if (await waitUntil(() => !isEngineAlive(record), owner === "process" ? 0 : endTimeoutMs)) return false;
  signalProcess(pid, "SIGKILL");
  await waitUntil(() => !isEngineAlive(record), endTimeoutMs);
  return false;
}

async function answersInTime(record: EngineRecord): Promise<boolean> {
  let hasAnswered = false;
  await waitUntil(async () => !isEngineAlive(record) || (hasAnswered = await isHealthy(record.port)), answerTimeoutMs);
  return hasAnswered && isEngineAlive(record);
}

export function threadEnded(): KawaError {
  return new KawaError(
    "ENGINE_START_FAILED",
    "The worker thread that ran the engine and the actors of this process has ended, and RivetKit cannot host actors in one process twice. " +
      "Restart the process, and start Kawa in its main thread before its worker threads.",
  );
}

/** @throws {KawaError} ENGINE_START_FAILED - it asks for another token than this folder has */
async function checkShared({ port, ownerPid }: EngineRecord, adminToken: string): Promise<void> {
  if (!(await obeys(port, adminToken))) {
    throw new KawaError(
      "ENGINE_START_FAILED",
      `The engine that process ${ownerPid} runs asks for another token than this process has (admin-token, or RIVET__AUTH__ADMIN_TOKEN). End that process.`,
    );
  }
  if (await obeys(port, undefined)) {
    console.warn(
      `[kawa] The engine that process ${ownerPid} runs accepts everybody on this machine: that process runs an older version of Kawa. Restart it.`,
    );
  }
}
