import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { EngineFolder } from "./folder.ts";
import { isAlive, signalProcess } from "./processes.ts";

/** Answers as an engine does. Beside it is a file with a line for each start; others say that it fails, or answers nothing yet. */
const program = `#!${process.execPath}
const { appendFileSync, existsSync } = require("node:fs");
if (process.argv[2] === "udb") process.exit(0);
appendFileSync(__dirname + "/starts", process.pid + "\\n");
if (existsSync(__dirname + "/is-broken")) process.exit(1);
const name = "kawa-" + "0".repeat(32);
require("node:http").createServer((request, response) => {
  if (existsSync(__dirname + "/is-slow")) return request.socket.destroy();
  const answers = { "/health": { runtime: "engine" }, "/namespaces": { namespaces: [{ name }] } };
  response.end(JSON.stringify(answers[request.url] ?? { envoys: [{ last_ping_ts: Date.now() }] }));
}).listen(process.env.RIVET__GUARD__PORT, "127.0.0.1");
`;

let place: ReturnType<typeof makeTempFolder>;
let folder: EngineFolder;
let engine: EmbeddedEngine;

const file = (name: string): string => join(place.path, name);
const starts = (): number[] => readFileSync(file("starts"), "utf8").trim().split("\n").map(Number);
const untilStarted = (count: number): Promise<void> =>
  vi.waitFor(() => expect(starts().length).toBeGreaterThanOrEqual(count), { timeout: 20_000 });

beforeEach(async () => {
  place = makeTempFolder();
  writeFileSync(file("rivet-engine"), program, { mode: 0o755 });
  vi.stubEnv("RIVET_ENGINE_BINARY", file("rivet-engine"));
  for (const method of ["warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  folder = EngineFolder.open(file("rivet"));
  engine = await EmbeddedEngine.start({ folder });
});

afterEach(async () => {
  await engine.stop();
  for (const pid of existsSync(file("starts")) ? starts() : []) signalProcess(pid, "SIGKILL");
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  place.remove();
});

describe.skipIf(process.platform === "win32")("an engine that is stopped while it is gone", () => {
  it("is not started any more", async () => {
    writeFileSync(file("is-broken"), "");
    signalProcess(starts()[0]!, "SIGKILL");
    await untilStarted(4);
    await vi.waitFor(() => expect(isAlive(starts().at(-1)!)).toBe(false));
    rmSync(file("is-broken"));
    await engine.stop();
    expect(starts()).toHaveLength(4);
  });

  it("has ended when it was being started, and is recorded so", async () => {
    writeFileSync(file("is-slow"), "");
    signalProcess(starts()[0]!, "SIGKILL");
    await untilStarted(2);
    const stopped = engine.stop();
    rmSync(file("is-slow"));
    await stopped;
    expect(starts().map(isAlive)).toEqual([false, false]);
    expect(folder.readRecord()?.pid).toBe(0);
  });

  it("leaves the record to another process that runs it by then", async () => {
    writeFileSync(file("is-broken"), "");
    signalProcess(starts()[0]!, "SIGKILL");
    await untilStarted(3);
    const record = { pid: process.pid, port: 20_001, ownerPid: process.pid };
    await vi.waitFor(() => expect(isAlive(folder.readRecord()!.pid)).toBe(false));
    folder.writeRecord(record);
    await engine.stop();
    expect(folder.readRecord()).toEqual(record);
  });
});

it.skipIf(process.platform === "win32")("is stopped on a full disk too", async () => {
  vi.spyOn(folder, "writeRecord").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
  });
  await engine.stop();
  expect(starts().map(isAlive)).toEqual([false]);
  expect(engine.isOwn).toBe(false);
});
