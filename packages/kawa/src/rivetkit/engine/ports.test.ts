import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { findEnginePort, hiddenHost, isEnginePortFree } from "./ports.ts";

async function occupy(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await once(server, "close");
  });
}

describe("findEnginePort", () => {
  it("finds a free port below the range of outgoing connections", async () => {
    const port = await findEnginePort();
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(31_000);
    expect(await isEnginePortFree(port)).toBe(true);
  });
});

describe("isEnginePortFree", () => {
  it("is false when the port is in use, whatever becomes of its neighbours", async () => {
    const port = await findEnginePort();
    await occupy(port + 1);
    expect(await isEnginePortFree(port)).toBe(true);
    await occupy(port);
    expect(await isEnginePortFree(port)).toBe(false);
  });

  it("holds no port afterwards", async () => {
    const port = await findEnginePort();
    await isEnginePortFree(port);
    await occupy(port);
    expect(await isEnginePortFree(port)).toBe(false);
  });
});

describe("hiddenHost", () => {
  it.runIf(process.platform === "linux")("is an address at which nobody reaches who listens there", async () => {
    const host = await hiddenHost();
    const server = createServer().listen(0, host);
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    for (const target of [host, "127.0.0.1", "0.0.0.0"]) {
      const socket = connect({ port, host: target });
      const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
      expect(["ENETUNREACH", "ECONNREFUSED", "EACCES"]).toContain(error.code);
    }
  });
});
