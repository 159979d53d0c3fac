import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { EngineFolder } from "./folder.ts";
import { forgetEarlier } from "./forget-earlier.ts";
import { waitUntil } from "./processes.ts";

/** Answers as the engine's store tool does, as soon as a file says that it may, and writes down what it was told. */
const program = `#!${process.execPath}
const { appendFileSync, existsSync } = require("node:fs");
const lines = require("node:readline").createInterface({ input: process.stdin });
appendFileSync(__dirname + "/asked", "");
lines.on("line", (line) => {
  appendFileSync(__dirname + "/asked", line + "\\n");
  const answer = () => {
    if (existsSync(__dirname + "/is-broken")) { console.error("the store is broken"); process.exit(1); }
    if (!existsSync(__dirname + "/may-answer")) return setTimeout(answer, 10);
    if (line.startsWith("end-")) console.log("error: unrecognized subcommand '" + line + "'");
  };
  answer();
});
`;

let place: ReturnType<typeof makeTempFolder>;
let folder: EngineFolder;
let told: string[];

const file = (name: string): string => join(place.path, name);
const asked = (): string => (existsSync(file("asked")) ? readFileSync(file("asked"), "utf8") : "");
const untilAsked = async (text: string): Promise<void> =>
  expect(await waitUntil(() => asked().includes(text), 20_000)).toBe(true);

beforeEach(() => {
  place = makeTempFolder();
  writeFileSync(file("rivet-engine"), program, { mode: 0o755 });
  vi.stubEnv("RIVET_ENGINE_BINARY", file("rivet-engine"));
  told = [];
  vi.spyOn(console, "warn").mockImplementation((text: string) => void told.push(text));
  folder = EngineFolder.open(file("rivet"));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  place.remove();
});

describe.skipIf(process.platform === "win32")("forgetting earlier engines", () => {
  it("waits for a store that a busy machine opens slowly, and says nothing", async () => {
    const forgotten = forgetEarlier(folder, { withServers: true });
    await untilAsked("end-1");
    vi.advanceTimersByTime(15_000);
    writeFileSync(file("may-answer"), "");
    await forgotten;
    // The second question is asked only where the first was answered.
    expect(asked()).toContain("end-2");
    expect(told).toEqual([]);
  });

  it("gives up a store that never opens, and says what that costs", async () => {
    const forgotten = forgetEarlier(folder, { withServers: true });
    await untilAsked("end-1");
    vi.advanceTimersByTime(25_000);
    await forgotten;
    expect(told).toEqual([expect.stringMatching(/up to half a minute.*could not be opened within 20000 ms/s)]);
  });

  it("says why a store cannot be opened", async () => {
    writeFileSync(file("is-broken"), "");
    await forgetEarlier(folder, { withServers: true });
    expect(told).toEqual([expect.stringMatching(/up to half a minute.*the store is broken/s)]);
  });
});
