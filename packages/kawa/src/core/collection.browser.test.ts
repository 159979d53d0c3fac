import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../test/support/caught.ts";
import { type FakeRoute, rowOf, settle, stubBrowser } from "../../test/support/fake-route.ts";
import { browserBackend } from "../browser/global-backend.ts";
import { collection, namespace } from "../index.browser.ts";

type Todo = { readonly list: string; readonly rank: number };

let route: FakeRoute;
let count = 0;
let stops: (() => void)[] = [];

// They are loaded when they are needed, which takes seconds on a busy machine.
beforeAll(() => Promise.all([import("../browser/writer.ts"), import("./value/value.ts")]), 60_000);

beforeEach(() => {
  vi.useFakeTimers();
  route = stubBrowser();
});
afterEach(() => {
  for (const stop of stops) stop();
  stops = [];
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A list of three rows, of which the page shows two at most, and what it shows now. */
function shown() {
  count += 1;
  const todos = collection<Todo>(namespace("app"), `todos${count}`, {
    indexes: { byList: ["list", "rank"] },
    expose: "write",
  });
  const page = todos.query({ where: { list: "home" }, limit: 3 });
  const rows = ["a", "b", "c"].map((id, rank) => rowOf(todos(id).key, { list: "home", rank }, 1));
  void browserBackend().receive([...rows, rowOf(page.key, ["a", "b", "c"], 1)]);
  let ids: string[] = [];
  stops.push(page.subscribe((found) => (ids = found.map(({ id }) => id))));
  return { todos, page, ids: () => ids };
}

/** An answer that does not come before it is let go. */
function held(answer: () => Response): () => void {
  const gate = Promise.withResolvers<Response>();
  route.answers.push(gate.promise);
  return () => gate.resolve(answer());
}

const refused = (): Response => Response.json({ code: "VALUE_INVALID", error: "No." }, { status: 422 });

describe("what a browser writes", () => {
  it("stands at its place at once, and goes back when it is refused", async () => {
    const { todos, ids } = shown();
    const letGo = held(refused);
    const write = codeOf(() => todos.upsert("new", { list: "home", rank: 0.5 }));
    expect(ids()).toEqual(["a", "new", "b"]);
    await settle();
    letGo();
    await settle();
    expect(await write).toBe("VALUE_INVALID");
    expect(ids()).toEqual(["a", "b", "c"]);
  });

  it("moves to where it belongs, or leaves", async () => {
    const { todos, ids } = shown();
    held(refused);
    void todos.update("a", (row) => ({ ...row, rank: 1.5 })).catch(() => {});
    expect(ids()).toEqual(["b", "a", "c"]);
    held(refused);
    void todos.update("b", (row) => ({ ...row, list: "work" })).catch(() => {});
    expect(ids()).toEqual(["a", "c"]);
    held(refused);
    void todos.delete("c").catch(() => {});
    expect(ids()).toEqual(["a"]);
  });

  it("stays at its place when it is accepted, and until the list has come", async () => {
    const { todos, page, ids } = shown();
    const key = todos("new").key;
    const letGo = held(() => new Response(null, { status: 204, headers: { "kawa-accepted": "2 e1" } }));
    const write = todos.upsert("new", { list: "home", rank: 0.5 });
    await settle();
    expect(route.writes.map((sent) => sent.key)).toEqual([key]);
    letGo();
    await settle();
    await write;
    expect(ids()).toEqual(["a", "new", "b"]);
    void browserBackend().receive([rowOf(page.key, ["a", "new", "b"], 2)]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ids()).toEqual(["a", "new", "b"]);
  });
});
