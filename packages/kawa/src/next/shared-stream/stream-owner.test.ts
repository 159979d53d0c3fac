import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { collection } from "../../core/collection.ts";
import { namespace } from "../../core/namespace.ts";
import { maxTabs, type Subscription } from "../protocol/stream-protocol.ts";
import { enterTab, FakeLocks } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import type { OwnerMessage } from "./owner-protocol.ts";
import { StreamOwner } from "./stream-owner.ts";

let streams: FakeStreams;
let locks: FakeLocks;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  streams = new FakeStreams();
  locks = new FakeLocks();
  enterTab({ locks: locks.ofTab() });
});

afterEach(() => {
  streams.restore();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const showing = (id: string): Subscription => ({ route: [[id, ""]] });

function createHost() {
  const owner = new StreamOwner("/api/reactive");
  const heard: Record<string, OwnerMessage[]> = {};
  const crash: Record<string, () => void> = {};
  const say = (tab: string, subscription: Subscription | null): void => {
    if (!crash[tab]) {
      const own = locks.ofTab();
      crash[tab] = own.crash;
      void own.request(tab, () => new Promise(() => {}));
    }
    // Of what an owner says of itself only the first is heard: the rest has tests of its own.
    owner.handle({ src: "", tab, subscription }, (message) => {
      if (message.type !== "here") (heard[tab] ??= []).push(message);
      else if (message.up && !heard[tab]) heard[tab] = [message.up];
    });
  };
  return { owner, say, heard, crash };
}

/** What has been asked for last, by tab. */
const asked = (): Record<string, string> =>
  Object.fromEntries(Object.entries(streams.last.request.tabs).map(([tab, { route }]) => [tab, route[0]![0]]));

describe("the owner of the stream", () => {
  it("opens one stream for all tabs that speak in one turn", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    expect(streams.all).toHaveLength(1);
    expect(asked()).toEqual({ one: "r1", two: "r2" });
  });

  it("gives a tab the rows that come with its query, and none of another collection", async () => {
    const { say, heard } = createHost();
    const [query, other] = ["todos", "todo"].map((name) => collection(namespace("app"), name).query().key);
    say("one", { ...showing("r1"), values: [[query!, -1, ""]] });
    say("two", { ...showing("r2"), values: [[other!, -1, ""]] });
    await settle();
    const rows = [
      ["app:todos:a", "[1]", 1, "e1"],
      [query!, '[["a"]]', 1, "e1"],
    ];
    await streams.last.send("values", { rows });
    expect(heard["one"]).toContainEqual({ type: "values", rows, lists: [] });
    expect(heard["two"]?.some(({ type }) => type === "values") ?? false).toBe(false);
  });

  it("gathers changes of 50 ms into one new stream", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    await settle();
    await streams.last.send("hello", {});
    for (const id of ["r2", "r3", "r4"]) {
      say("one", showing(id));
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(streams.all).toHaveLength(2);
    expect(asked()).toEqual({ one: "r4" });
    expect(streams.open).toHaveLength(2);
    await streams.last.send("hello", {});
    expect(streams.open).toHaveLength(1);
  });

  it("opens no stream when the same is said again", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    say("one", showing("r1"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(1);
  });

  it("opens no stream for a render with which the present one goes on, and one for any other", async () => {
    const { say } = createHost();
    say("one", { route: [["r1", "e@1"]], page: ["p1", "e@1"] });
    await settle();
    await streams.last.send("hello", {});
    const to = ["r2", "e@2"] as const;
    await streams.last.send("renewed", {
      from: [
        ["r1", "e@1"],
        ["p1", "e@1"],
      ],
      to,
    });
    say("one", { route: [to], page: to });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(1);
    say("one", { route: [["r2", "e@3"]], page: to });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(2);
  });

  it("does not take the stream that goes on for the one that is being opened", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    await settle();
    const first = streams.last;
    await first.send("hello", {});
    say("two", showing("other"));
    await vi.advanceTimersByTimeAsync(50);
    expect(streams.all).toHaveLength(2);
    await first.send("renewed", { from: [showing("r1").route[0]], to: showing("r2").route[0] });
    say("one", showing("r2"));
    await streams.last.send("hello", {});
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(3);
  });

  it("tells each tab of its own changes", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    say("three", showing("r3"));
    await settle();
    await streams.last.send("hello", {});
    await streams.last.send("change", {
      tabs: { one: ["page", "e@2"], two: ["route", "f@3"], other: ["route", "f@3"] },
      spreadMs: 5,
    });
    expect(heard["one"]).toEqual([
      { type: "up", isUp: true },
      { type: "change", versions: "e@2", way: "page", spreadMs: 5 },
    ]);
    expect(heard["two"]!.at(-1)).toEqual({ type: "change", versions: "f@3", way: "route", spreadMs: 5 });
    expect(heard["three"]).toEqual([{ type: "up", isUp: true }]);
  });

  it.each([["{}"], ['{"tabs":1}'], ['{"tabs":null,"versions":{}}'], ['{"tabs":{"one":{}},"spreadMs":"x"}']])(
    "survives a malformed change: %s",
    async (data) => {
      const { say, heard } = createHost();
      say("one", showing("r1"));
      await settle();
      await streams.last.send("hello", {});
      await streams.last.write(
        `event: change\ndata: ${data}\n\nevent: token\ndata: ${data}\n\nevent: bye\ndata: ${data}\n\n`,
      );
      await streams.last.send("change", { tabs: { one: ["page", "e@2"] }, spreadMs: 0 });
      expect(heard["one"]!.at(-1)).toMatchObject({ versions: "e@2", way: "page" });
    },
  );

  it("tells a tab that comes later that it is live when a stream follows it", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    await settle();
    await streams.last.send("hello", {});
    say("two", showing("r2"));
    await vi.advanceTimersByTimeAsync(50);
    // While the stream for both is opened.
    say("three", showing("r3"));
    await vi.advanceTimersByTimeAsync(50);
    expect([heard["two"], heard["three"]]).toEqual([undefined, undefined]);
    await streams.last.send("hello", {});
    expect([heard["two"], heard["three"]]).toEqual([[{ type: "up", isUp: true }], undefined]);
    await settle();
    await streams.last.send("hello", {});
    expect(heard["three"]).toEqual([{ type: "up", isUp: true }]);
  });

  it("tells a tab that comes later at once that the stream is lost, and one that comes back that it is followed", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    say("two", null);
    delete heard["two"];
    say("two", showing("r2"));
    expect(heard["two"]).toEqual([{ type: "up", isUp: true }]);
    streams.last.end();
    await settle();
    say("three", showing("r3"));
    expect(heard["three"]).toEqual([{ type: "up", isUp: false }]);
  });

  it("gives a tab its token, and names it to the next server without asking for it", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    await settle();
    await streams.last.send("hello", {});
    await streams.last.send("token", { tab: "one", token: "t1" });
    expect(heard["one"]!.at(-1)).toEqual({ type: "token", token: "t1" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(1);
    await streams.last.end();
    await vi.advanceTimersByTimeAsync(150);
    expect(streams.last.request.tabs["one"]).toEqual({ route: [["r1", ""]], token: "t1" });
  });

  it("tells all tabs when the identity has expired", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    await streams.last.send("bye", { reason: "expired", withinMs: 100 });
    for (const tab of ["one", "two"]) expect(heard[tab]!.at(-1)).toEqual({ type: "expired", spreadMs: 100 });
  });

  it("looks for another server three times when one does not know what a tab shows, and again for what is shown later", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    await settle();
    const answer = async (): Promise<number> => {
      await streams.last.send("hello", {});
      await streams.last.send("unknown", {});
      await vi.advanceTimersByTimeAsync(50);
      await settle();
      return streams.all.length;
    };
    const counts = [await answer(), await answer(), await answer(), await answer()];
    expect(counts).toEqual([2, 3, 4, 4]);
    say("one", showing("r2"));
    await vi.advanceTimersByTimeAsync(50);
    await settle();
    expect(streams.all).toHaveLength(5);
    expect(await answer()).toBe(6);
  });

  it("names the tabs that spoke last when there are too many", async () => {
    const { say } = createHost();
    for (let n = 0; n <= maxTabs; n += 1) say(`t${n}`, showing(`r${n}`));
    await settle();
    expect(Object.keys(asked())).toHaveLength(maxTabs);
    expect(asked()).not.toHaveProperty("t0");
    await streams.last.send("hello", {});
    say("t0", showing("r0"));
    await vi.advanceTimersByTimeAsync(50);
    expect(asked()).toHaveProperty("t0");
    expect(asked()).not.toHaveProperty("t1");
  });
});

describe("a server that has no room for all that the tabs ask for", () => {
  it("says so to the tabs that get less, until another stream has room", async () => {
    const { say, heard } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    await streams.last.send("limited", { tabs: ["one", "gone"] });
    expect(heard["one"]!.at(-1)).toEqual({ type: "up", isUp: true, state: "stale" });
    expect(heard["two"]!.at(-1)).toEqual({ type: "up", isUp: true });
    say("two", null);
    await vi.advanceTimersByTimeAsync(50);
    await streams.last.send("hello", {});
    expect(heard["one"]!.at(-1)).toEqual({ type: "up", isUp: true });
  });
});

it("tells the tabs which build the server of the stream has", async () => {
  const { say, heard } = createHost();
  say("one", showing("r1"));
  await settle();
  await streams.last.send("hello", { build: "new" });
  expect(heard["one"]!.at(-1)).toEqual({ type: "up", isUp: true, build: "new" });
});

describe("a tab that goes", () => {
  it("is asked for no more, and the stream ends with the last one", async () => {
    const { say } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    say("one", null);
    await vi.advanceTimersByTimeAsync(50);
    expect(asked()).toEqual({ two: "r2" });
    await streams.last.send("hello", {});
    say("two", null);
    expect(streams.open).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.all).toHaveLength(2);
  });

  it("is noticed by its lock when it crashes", async () => {
    const { say, crash } = createHost();
    say("one", showing("r1"));
    say("two", showing("r2"));
    await settle();
    await streams.last.send("hello", {});
    crash["one"]!();
    await vi.advanceTimersByTimeAsync(50);
    expect(asked()).toEqual({ two: "r2" });
    crash["two"]!();
    await settle();
    expect(streams.open).toEqual([]);
  });
});
