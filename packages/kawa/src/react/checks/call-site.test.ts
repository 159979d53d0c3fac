import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { callSiteOf } from "./call-site.ts";

function useHook(): string | undefined {
  return callSiteOf(useHook);
}

function useOwnHook(): string | undefined {
  return useHook();
}

type Chunk = { page(hook: () => string | undefined): string | undefined };

/** A bundled page that calls a hook, with a map that says where in the source that is. */
function writeChunk(map: string | undefined): Chunk {
  const folder = mkdtempSync(join(tmpdir(), "kawa-call-site-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "chunk.cjs");
  writeFileSync(file, "exports.page = (hook) => hook();");
  if (map !== undefined) writeFileSync(`${file}.map`, map);
  return createRequire(import.meta.url)(file) as Chunk;
}

// "AAIE": everything from the first column on comes from line 5, column 3.
const map = JSON.stringify({
  version: 3,
  sources: ["../../../../app/%5Bsymbol%5D/page.tsx"],
  names: [],
  mappings: "AAIE",
});

describe("callSiteOf", () => {
  it("tells the places of two calls apart, and is the same for each call of one place", () => {
    const [one, two] = [useHook(), useHook()];
    expect(one).toMatch(/call-site\.test\.ts:\d+:\d+$/);
    expect(two).toMatch(/call-site\.test\.ts:\d+:\d+$/);
    expect(one).not.toBe(two);
    const [first, second] = [1, 2].map(() => useHook());
    expect(first).toBe(second);
  });

  it("names the place inside of a hook that calls the hook", () => {
    expect(useOwnHook()).toBe([useOwnHook()][0]);
  });

  it("does not depend on the folder of the app", () => {
    expect(useHook()).not.toContain(process.cwd());
  });

  it("leaves the settings of stacks as they were", () => {
    const before = [Error.stackTraceLimit, Error.prepareStackTrace];
    useHook();
    expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual(before);
    const prepare = (): string => "prepared";
    Error.prepareStackTrace = prepare;
    onTestFinished(() => {
      Error.prepareStackTrace = before[1] as typeof Error.prepareStackTrace;
    });
    useHook();
    expect(Error.prepareStackTrace).toBe(prepare);
    expect(new Error("a").stack).toBe("prepared");
  });

  it("is undefined when the stack does not tell", () => {
    expect(callSiteOf(() => {})).toBeUndefined();
  });

  it("names the place in the source when a build has source maps", () => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    const [one, copy] = [writeChunk(map), writeChunk(map)];
    expect(one.page(useHook)).toBe("app/[symbol]/page.tsx:5:3");
    expect(copy.page(useHook)).toBe("app/[symbol]/page.tsx:5:3");
  });

  it.each([
    ["no source maps", undefined],
    ["a map that is no map", "{"],
    [
      "a map that names our own module for every caller",
      map.replace("app/%5Bsymbol%5D/page.tsx", "packages/kawa/src/next/fragments/reactive.tsx"),
    ],
    ["a map of something else", JSON.stringify({ version: 3, sources: [], names: [], mappings: "" })],
  ])("names the place in the chunk when a build has %s", (_, text) => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(writeChunk(text).page(useHook)).toMatch(/chunk\.cjs:1:26$/);
  });
});
