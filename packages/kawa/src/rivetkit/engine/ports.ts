import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { KawaError } from "../../core/errors.ts";
import { enginePorts } from "./settings.ts";

// Below the ranges that systems give to outgoing connections.
const firstPort = 20_000;
const lastPort = 31_000;
const attempts = 200;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export async function isEnginePortFree(port: number): Promise<boolean> {
  for (const each of Object.values(enginePorts(port))) if (!(await isFree(each))) return false;
  return true;
}

/** A port whose neighbours, which the engine needs too, are free as well. */
export async function findEnginePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(firstPort, lastPort);
    if (await isEnginePortFree(port)) return port;
  }
  throw new KawaError("ENGINE_PORT_TAKEN", `No free port between ${firstPort} and ${lastPort} for the embedded engine.`);
}
