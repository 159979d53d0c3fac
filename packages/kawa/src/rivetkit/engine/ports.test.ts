import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { findEnginePort, isEnginePortFree } from "./ports.ts";
import { enginePorts } from "./settings.ts";

async function occupy(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await once(server, "close");
  });
}

describe("findEnginePort", () => {
  it("finds a port below the range of outgoing connections whose neighbours are free", async () => {
    const port = await findEnginePort();
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(31_000);
    expect(await isEnginePortFree(port)).toBe(true);
  });
});

describe("isEnginePortFree", () => {
  it.each(["guard", "peer", "metrics"] as const)("is false when the %s port is in use", async (name) => {
    const port = await findEnginePort();
    await occupy(enginePorts(port)[name]);
    expect(await isEnginePortFree(port)).toBe(false);
  });

  it("holds no port afterwards", async () => {
    const port = await findEnginePort();
    await isEnginePortFree(port);
    await occupy(port);
    expect(await isEnginePortFree(port)).toBe(false);
  });
});
