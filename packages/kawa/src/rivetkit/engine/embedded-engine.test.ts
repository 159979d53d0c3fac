import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { EngineFolder, type EngineRecord } from "./folder.ts";
import { locked } from "./folder-lock.ts";
import { markOf } from "./process-mark.ts";
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
const onReturn = vi.fn<(isRunnerLost: boolean) => void>();

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
  onReturn.mockClear();
  engine = await EmbeddedEngine.start({ folder, onReturn });
});

afterEach(async () => {
  await engine.stop();
  for (const pid of existsSync(file("starts")) ? starts() : []) signalProcess(pid, "SIGKILL");
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  place.remove();
});

/** Runs the engine of the folder in another process, until it answers. Returns what that process writes down. */
async function startElsewhere(): Promise<EngineRecord> {
  const { port } = folder.readRecord()!;
  const before = starts().length;
  const environment = { ...process.env, RIVET__GUARD__PORT: String(port) };
  const { pid } = spawn(file("rivet-engine"), ["start"], { env: environment, stdio: "ignore" });
  await untilStarted(before + 1);
  await vi.waitFor(() => fetch(engine.endpoint), { timeout: 15_000 });
  const mark = markOf(pid!);
  return { pid: pid!, port, ownerPid: pid!, engine: mark, owner: { ...mark, thread: 0 } };
}

/** This process begins with the engine of another one, or with what `given` says of it. */
async function startShared(given: Partial<EngineRecord> = {}): Promise<EngineRecord> {
  await engine.stop();
  const record = { ...(await startElsewhere()), ...given };
  folder.writeRecord(record);
  engine = await EmbeddedEngine.start({ folder, onReturn });
  return record;
}

describe.skipIf(process.platform === "win32")("an engine of this process", () => {
  it("is started again when it has ended: own → gone → own", async () => {
    expect(engine.isOwn).toBe(true);
    signalProcess(starts()[0]!, "SIGKILL");
    await untilStarted(2);
    await vi.waitFor(() => expect(engine.isOwn).toBe(true), { timeout: 15_000 });
    await vi.waitFor(() => expect(console.warn).toHaveBeenCalled(), { timeout: 15_000 });
    expect(folder.readRecord()?.pid).toBe(starts()[1]);
    expect(onReturn).not.toHaveBeenCalled();
  });

  it("is stopped: own → stopped", async () => {
    await engine.stop();
    await engine.stop();
    expect([engine.isOwn, ...starts().map(isAlive)]).toEqual([false, false]);
    expect(folder.readRecord()?.pid).toBe(0);
  });
});

describe.skipIf(process.platform === "win32")("an engine of another process", () => {
  it("is joined at the start, and left alone: shared → stopped", async () => {
    const { pid } = await startShared();
    expect(engine.isOwn).toBe(false);
    await engine.stop();
    expect([isAlive(pid), folder.readRecord()?.pid]).toEqual([true, pid]);
  });

  it("is started here when it is gone, and the host is told: shared → gone → own", async () => {
    const { pid } = await startShared();
    signalProcess(pid, "SIGKILL");
    await vi.waitFor(() => expect(onReturn).toHaveBeenCalledTimes(1), { timeout: 20_000 });
    expect(onReturn).toHaveBeenCalledWith(false);
    expect(engine.isOwn).toBe(true);
    expect(isAlive(folder.readRecord()!.pid)).toBe(true);
  });

  it("is started here when another thread of this process has stopped it, whose end loses the runner", async () => {
    const { pid, port } = await startShared({ ownerPid: process.pid });
    folder.writeRecord({ pid: 0, port, ownerPid: 0 });
    signalProcess(pid, "SIGKILL");
    await vi.waitFor(() => expect(onReturn).toHaveBeenCalledTimes(1), { timeout: 20_000 });
    expect(onReturn).toHaveBeenCalledWith(true);
    expect(engine.isOwn).toBe(true);
  });

  it("is joined when it was started first: own → gone → shared", async () => {
    const own = starts()[0]!;
    const { pid } = await locked(folder, async () => {
      signalProcess(own, "SIGKILL");
      await vi.waitFor(() => expect(isAlive(own)).toBe(false), { timeout: 15_000 });
      const record = await startElsewhere();
      folder.writeRecord(record);
      return record;
    });
    const joined = expect.stringContaining("runs again");
    await vi.waitFor(() => expect(console.warn).toHaveBeenCalledWith(joined), { timeout: 20_000 });
    expect([engine.isOwn, isAlive(pid), starts().length, onReturn.mock.calls.length]).toEqual([false, true, 2, 0]);
  });

  it("is waited for when this process could not start its own: gone → shared", async () => {
    writeFileSync(file("is-broken"), "");
    signalProcess(starts()[0]!, "SIGKILL");
    await vi.waitFor(() => expect(console.error).toHaveBeenCalled(), { timeout: 15_000 });
    expect(engine.isOwn).toBe(false);
    rmSync(file("is-broken"));
    await vi.waitFor(() => expect(engine.isOwn).toBe(true), { timeout: 20_000 });
  });
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
