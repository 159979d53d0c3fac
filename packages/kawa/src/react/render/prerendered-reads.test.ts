import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { notePrerenderedRead } from "./prerendered-reads.ts";

const reads = Symbol.for("kawa.prerendered-reads");
const reasonOf = (route: string): Error => Object.assign(new Error("the prerender is over"), { route });

let printed: string[];
let end: (code: number) => void;

beforeEach(() => {
  vi.stubEnv("NEXT_PHASE", "phase-production-build");
  printed = [];
  end = () => {};
  vi.spyOn(console, "error").mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(process, "once").mockImplementation(((_event: string, listener: (code: number) => void) => {
    end = listener;
    return process;
  }) as typeof process.once);
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, reads);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("a build that has prerendered reads", () => {
  it("names routes and signals when it fails, the last route first", () => {
    notePrerenderedRead(reasonOf("/first"), '"a"');
    notePrerenderedRead(reasonOf("/last"), '"a"');
    notePrerenderedRead(reasonOf("/last"), '"b"');
    notePrerenderedRead(reasonOf("/last"), '"b"');
    end(1);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(
      /^KawaError: .*\n {2}Route "\/last" reads "a", "b"\n {2}Route "\/first" reads "a"\n.*<Suspense>.*\(RENDER_STATIC\)$/,
    );
  });

  it("names ten routes at most", () => {
    for (let index = 0; index < 30; index += 1) notePrerenderedRead(reasonOf(`/${index}`), '"a"');
    end(1);
    expect(printed[0]!.match(/Route "/g)).toHaveLength(10);
  });

  it("says nothing when it succeeds", () => {
    notePrerenderedRead(reasonOf("/"), '"a"');
    end(0);
    expect(printed).toEqual([]);
  });
});

it("remembers nothing outside of a build, and nothing that did not end a prerender", () => {
  notePrerenderedRead(new Error("no connection"), '"a"');
  vi.stubEnv("NEXT_PHASE", undefined);
  notePrerenderedRead(reasonOf("/"), '"a"');
  expect(reads in globalThis).toBe(false);
});
