import { KawaError } from "../../core/errors/errors.ts";
import { askEngine } from "./ask-engine.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

/** The pool of the probe; no server hosts actors in it. */
const probePool = "kawa-probe";
const probeTimeoutMs = 3_000;
const protocolVersion = 8;
/** The first message of the engine: its kind, then two numbers of eight bytes. */
const initKind = 0;
const initBytes = 17;

/** An engine as it is shipped has 15 s and 30 minutes. */
const most = { lostMs: 30_000, stopMs: 60_000 } as const;

type EngineThresholds = {
  /** A server that says nothing is given up after this long. */
  readonly lostMs: number;
  /** Actors whose server ends are started elsewhere after this long at the latest. */
  readonly stopMs: number;
};

/**
 * Says what is wrong with the settings of an engine that takes minutes to heal: it keeps the defaults that it is shipped with. Undefined where
 * nothing is, and where the engine does not tell.
 */
export async function tuningProblem(target: EngineTarget): Promise<KawaError | undefined> {
  const thresholds = await readThresholds(target).catch(() => undefined);
  if (!thresholds || (thresholds.lostMs <= most.lostMs && thresholds.stopMs <= most.stopMs)) return undefined;
  const { lostMs, stopMs } = thresholds;
  return new KawaError(
    "ENGINE_UNTUNED",
    `The engine at ${target.endpoint} has settings with which Kawa heals slowly: RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD is ${lostMs} ms, ` +
      `RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD ${stopMs} ms. Everything works, but pages may be old for minutes after a restart. ` +
      `Give the engine the settings of docs/errors/ENGINE_UNTUNED.md.`,
    { data: { lostMs, stopMs } },
  );
}

/** Asks as a server does that wants to host actors, in a pool without any. It is told the thresholds, and goes. */
async function readThresholds(target: EngineTarget): Promise<EngineThresholds> {
  const { endpoint, namespace, token } = target;
  await makeProbePool(target);
  const query = new URLSearchParams({
    protocol_version: String(protocolVersion),
    namespace,
    envoy_key: `${probePool}-${crypto.randomUUID()}`,
    version: "1",
    pool_name: probePool,
  });
  const protocols = ["rivet", ...(token === undefined ? [] : [`rivet_token.${token}`])];
  const socket = new WebSocket(`${endpoint.replace(/^http/, "ws")}/envoys/connect?${query}`, protocols);
  socket.binaryType = "arraybuffer";
  const told = Promise.withResolvers<EngineThresholds>();
  const fail = (): void =>
    told.reject(new KawaError("BACKEND_UNAVAILABLE", "The engine does not tell its thresholds."));
  const timer = setTimeout(fail, probeTimeoutMs);
  socket.addEventListener("message", ({ data }) => {
    const view = new DataView(data as ArrayBuffer);
    if (view.byteLength < initBytes || view.getUint8(0) !== initKind) return fail();
    told.resolve({ lostMs: Number(view.getBigInt64(1, true)), stopMs: Number(view.getBigInt64(9, true)) });
  });
  for (const end of ["close", "error"]) socket.addEventListener(end, fail);
  try {
    return await told.promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

async function makeProbePool(target: EngineTarget): Promise<void> {
  const path = `/runner-configs/${probePool}?${new URLSearchParams({ namespace: target.namespace })}`;
  const body = { datacenters: { default: { normal: {} } } };
  await askEngine(target, path, { method: "PUT", body, signal: AbortSignal.timeout(probeTimeoutMs) });
}
