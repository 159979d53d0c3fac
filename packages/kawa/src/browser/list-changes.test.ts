import { stringify } from "devalue";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { keysOf } from "../../test/support/keys-of.ts";
import type { ListChangeRow, ValueRow } from "./value-protocol.ts";
import type { BrowserBackend } from "./browser-backend.ts";

const epoch = "e1";
const list = (ids: string[], seq: number): ValueRow => ["list", stringify({ ids }), seq, epoch];
const bComes: ListChangeRow = ["list", 5, 6, epoch, [], ["b"]];

let page: BrowserBackend;
let asked: string[][];

beforeEach(async () => {
  asked = [];
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(keysOf(url));
    return Response.json({ rows: [list(["a", "b"], 6)], refused: [] });
  });
  // Nothing that a page loads later is there yet.
  vi.resetModules();
  page = new (await import("./browser-backend.ts")).BrowserBackend(
    () => [],
    () => {},
  );
});
afterEach(() => vi.unstubAllGlobals());

function shown(): unknown {
  const entry = page.entry("list").peek();
  return entry.state === "present" && entry.value;
}

it("a change is taken over without asking", async () => {
  await page.receive([list(["a"], 5)]);
  void page.receive([], [bComes]);
  await vi.waitFor(() => expect(shown()).toEqual({ ids: ["a", "b"] }));
  expect(asked).toEqual([]);
});

it("a change of a list that waits for a value of a new kind to be loaded is asked for", async () => {
  vi.doMock("../core/value/value.ts", async (load) => {
    // The chunk is late.
    await vi.waitFor(() => expect(asked).toEqual([["list"]]));
    return load();
  });
  onTestFinished(() => void vi.doUnmock("../core/value/value.ts"));
  const taken = page.receive([list(["a"], 5), ["k", stringify(new Map()), 5, epoch]]);
  void page.receive([], [bComes]);
  await taken;
  await vi.waitFor(() => expect(shown()).toEqual({ ids: ["a", "b"] }));
});

it("a change is asked for where the code that takes it over cannot be loaded", async () => {
  vi.doMock("./list-changes.ts", () => {
    throw new Error("404");
  });
  onTestFinished(() => void vi.doUnmock("./list-changes.ts"));
  await page.receive([list(["a"], 5)]);
  void page.receive([], [bComes]);
  await vi.waitFor(() => expect(shown()).toEqual({ ids: ["a", "b"] }));
});
