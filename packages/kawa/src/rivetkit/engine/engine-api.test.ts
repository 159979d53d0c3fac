import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { checkStore, isHealthy } from "./engine-api.ts";

/** An engine in another process, which answers while this one is held up. One that hangs takes connections, and answers nothing. */
const program = `
const [, , isHung, status] = process.argv;
const server = require("node:http").createServer((request, response) => {
  if (isHung === "hangs") return;
  response.statusCode = Number(status ?? 200);
  if (status) return response.end("{}");
  response.end(JSON.stringify(request.url === "/health" ? { runtime: "engine" } : { envoys: [{ last_ping_ts: Date.now() }] }));
}).listen(0, "127.0.0.1", () => process.send(server.address().port));
process.on("disconnect", () => process.exit());
`;

let place: ReturnType<typeof makeTempFolder>;
let end: () => void = () => {};

beforeEach(() => void (place = makeTempFolder()));

afterEach(() => {
  end();
  place.remove();
});

async function start(...args: string[]): Promise<number> {
  const path = join(place.path, "engine.cjs");
  writeFileSync(path, program);
  const child = fork(path, args, { execArgv: [] });
  end = () => void child.kill("SIGKILL");
  const [port] = (await once(child, "message")) as [number];
  return port;
}

function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe("an answer of the engine", () => {
  it("is read late where this process is held up, and counts", async () => {
    const port = await start();
    const answers = [isHealthy(port), checkStore({ port, adminToken: "token" }, "kawa").then(() => true)];
    // Longer than either waits.
    holdUp(1_800);
    expect(await Promise.all(answers)).toEqual([true, true]);
  });

  it("that does not come is missed", async () => {
    const port = await start("hangs");
    expect(await isHealthy(port)).toBe(false);
    await expect(checkStore({ port, adminToken: "token" }, "kawa")).rejects.toThrow("in time");
  });

  it("that says no is one, and that it cannot is none", async () => {
    const access = { port: await start("answers", "404"), adminToken: "token" };
    expect(await caught(() => checkStore(access, "kawa"))).toBeUndefined();
    end();
    expect(await codeOf(async () => checkStore({ ...access, port: await start("answers", "500") }, "kawa"))).toBe(
      "BACKEND_UNAVAILABLE",
    );
  });
});
