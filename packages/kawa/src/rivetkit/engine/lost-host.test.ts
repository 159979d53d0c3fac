import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { LostHost } from "./lost-host.ts";

const startedAtMs = Date.parse("2030-01-01T00:00:00Z");

type Envoy = { envoy_key: string; create_ts: number; last_ping_ts: number; slots: number };
type Actor = { actor_id: string; connectable_ts: number | null; runner_name_selector?: string };

/** What an engine says over HTTP of the servers in a pool, and of one actor. */
class FakeEngine {
  isThere = true;
  nowMs = startedAtMs;
  readonly connected = new Map<string, Envoy>();
  readonly gone = new Map<string, Envoy>();
  /** Servers that the engine still lists, and does not ask for signs of life any more. */
  readonly silent = new Set<string>();
  onActors: (() => unknown) | undefined;
  /** Most servers that it was asked for by their keys at once. */
  mostKeys = 0;
  /** How often it was asked for servers. */
  lists = 0;
  /** Status and text of its answers, where it refuses. */
  refusal: [number, string] | undefined;
  actor: Actor = { actor_id: "id-1", connectable_ts: startedAtMs, runner_name_selector: "p" };
  /** Others of the same name. */
  readonly others: Actor[] = [];
  readonly moved: string[] = [];
  readonly #server = createServer(({ url = "", method }, response) => {
    if (!this.isThere) return response.destroy();
    if (this.refusal) return response.writeHead(this.refusal[0]).end(this.refusal[1]);
    const { pathname, searchParams } = new URL(url, "http://engine");
    if (pathname === "/envoys") this.lists += 1;
    const keys = searchParams.getAll("envoy_key");
    this.mostKeys = Math.max(this.mostKeys, keys.length);
    for (const envoy of this.connected.values()) if (!this.silent.has(envoy.envoy_key)) envoy.last_ping_ts = this.nowMs;
    const of = (key: string): Envoy | undefined => this.connected.get(key) ?? this.gone.get(key);
    let body: object = {};
    if (pathname === "/envoys") body = { envoys: keys.length > 0 ? keys.map(of) : this.page(searchParams) };
    else if (pathname === "/actors") {
      this.onActors?.();
      const isOne = searchParams.has("key");
      body = {
        actors: isOne ? [this.actor] : [this.actor, ...this.others].slice(0, Number(searchParams.get("limit"))),
      };
    } else if (method === "POST") this.moved.push(pathname);
    return response.writeHead(200, { date: new Date(this.nowMs).toUTCString() }).end(JSON.stringify(body));
  });

  /** The servers that came last, before a moment. */
  page(asked: URLSearchParams): Envoy[] {
    if (asked.get("name") !== "p") return [];
    const before = Number(asked.get("cursor") ?? Number.POSITIVE_INFINITY);
    return [...this.connected.values()]
      .filter(({ create_ts }) => create_ts < before)
      .sort((one, other) => other.create_ts - one.create_ts)
      .slice(0, Number(asked.get("limit")));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void this.#server.close());
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  connect(key: string, afterMs = 0, slots = 0): void {
    const at = startedAtMs + afterMs;
    this.connected.set(key, { envoy_key: key, create_ts: at, last_ping_ts: at, slots });
  }

  /** @param ago since its last sign of life */
  lose(key: string, ago = 6_000): void {
    this.gone.set(key, { ...this.connected.get(key)!, last_ping_ts: this.nowMs - ago });
    this.connected.delete(key);
  }
}

let engine: FakeEngine;
let lost: Pick<LostHost, "note" | "check">;
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  engine = new FakeEngine();
  engine.connect("a");
  engine.connect("b");
  engine.actor.connectable_ts = startedAtMs + 5_000;
  engine.nowMs = startedAtMs + 60_000;
  const target = { endpoint: await engine.start(), namespace: "app", token: "t", pool: "p" };
  const real = new LostHost({ actorName: "reactiveState", actorId: "a/b", target: async () => target });
  // What the engine has said a moment ago is not asked for again.
  const later = (): void => void vi.advanceTimersByTime(400);
  lost = { note: (isNew) => (later(), real.note(isNew)), check: (isConnected) => (later(), real.check(isConnected)) };
});

async function checkFor(count: number): Promise<void> {
  for (let check = 0; check < count; check += 1) {
    vi.advanceTimersByTime(1_000);
    await lost.check(false);
  }
}

afterEach(() => {
  vi.useRealTimers();
  warn.mockClear();
});

describe("an actor that does not answer", () => {
  it("is moved, and that is said, when a server has left since it answered", async () => {
    await lost.note(true);
    engine.lose("a");
    await lost.check();
    expect(engine.moved).toEqual(["/actors/id-1/reschedule"]);
    expect(warn.mock.calls.join()).toContain('"reactiveState/a/b"');
    await lost.check();
    expect(engine.moved).toHaveLength(1);
  });

  it("is moved when its server is listed only because the engine was killed together with it", async () => {
    await lost.note(true);
    engine.silent.add("a");
    engine.nowMs += 2_000;
    await lost.check();
    expect(engine.moved).toEqual([]);
    engine.nowMs += 3_000;
    await lost.check();
    expect(engine.moved).toHaveLength(1);
  });

  it("is moved where it had just started when it answered: the engine tells its time in whole seconds", async () => {
    engine.actor.connectable_ts = engine.nowMs + 1_250;
    await lost.note(true);
    engine.nowMs += 10_000;
    engine.lose("a");
    await lost.check();
    expect(engine.moved).toHaveLength(1);
  });

  /** The engine was about to ask its server for a sign of life, and has dropped it. */
  describe("whose server was asked for a sign of life a moment ago", () => {
    /** @param onLook called before the second look */
    async function checkTwice(onLook: () => void): Promise<void> {
      await lost.note(true);
      engine.lose("a", 1_000);
      const asked = engine.lists;
      const checked = lost.check();
      await vi.waitFor(() => expect(engine.lists).toBe(asked + 2));
      vi.advanceTimersByTime(400);
      onLook();
      await checked;
    }

    it("is moved when a second look does not find it either, as one that was frozen", async () => {
      await checkTwice(() => {});
      expect(engine.moved).toHaveLength(1);
    });

    it("stays when its server was between two connections, or it has answered meanwhile", async () => {
      await checkTwice(() => engine.connect("a"));
      await checkTwice(() => void lost.note(false));
      expect(engine.moved).toEqual([]);
    });
  });

  describe("where there are more servers than the engine lists at once", () => {
    /** The server that has the actor is the oldest, and all are as old as another one: pages end between some of these. */
    function connectMany(count: number): void {
      for (let n = 0; n < count; n += 1) engine.connect(`many-${n}`, 1_000 + Math.floor(n / 7));
    }

    it("stays, whoever comes and goes", async () => {
      connectMany(350);
      await lost.note(true);
      engine.connect("newer", 30_000);
      await lost.check();
      engine.connected.delete("newer");
      await lost.check();
      expect(engine.moved).toEqual([]);
    });

    it("is moved when one of them is gone", async () => {
      connectMany(350);
      await lost.note(true);
      engine.lose("many-0");
      await lost.check();
      expect(engine.moved).toHaveLength(1);
    });

    it("stays when an older server is on a later page: the actor may be there", async () => {
      for (let n = 0; n < 150; n += 1) engine.connect(`younger-${n}`, 20_000 + n);
      engine.connect("a", 0, 1);
      await checkFor(5);
      expect(engine.moved).toEqual([]);
    });

    it("is moved when all known servers are gone, and it is asked for many", async () => {
      connectMany(120);
      await lost.note(true);
      for (const key of [...engine.connected.keys()]) engine.lose(key);
      engine.connect("new", 1_000);
      await lost.check();
      expect([engine.moved.length, engine.mostKeys]).toEqual([1, 50]);
    });

    it("stays where the engine lists the same again and again", async () => {
      connectMany(100);
      await lost.note(true);
      engine.lose("a");
      for (const envoy of engine.connected.values()) envoy.create_ts = startedAtMs + 1_000;
      await lost.check();
      expect(engine.moved).toEqual([]);
    });
  });

  it("stays where it is of another pool, whose servers are not asked for", async () => {
    engine.lose("a");
    engine.lose("b");
    engine.connect("new", 20_000);
    engine.actor.runner_name_selector = "of another";
    await checkFor(5);
    expect(engine.moved).toEqual([]);
  });

  it("stays while all servers are connected: its own may only be busy", async () => {
    await lost.note(true);
    await lost.check();
    expect(engine.moved).toEqual([]);
  });

  it("stays when the server left long ago, or before the actor came where it is", async () => {
    await lost.note(true);
    engine.lose("a", 60_000);
    await lost.check();
    engine.lose("b");
    engine.connect("c", 1_000);
    engine.actor.connectable_ts = startedAtMs + 65_000;
    engine.nowMs += 10_000;
    await lost.check();
    expect(engine.moved).toEqual([]);
  });

  it("is left to the engine while it starts or sleeps, and where no other server could take it", async () => {
    await lost.note(true);
    engine.lose("a");
    engine.actor.connectable_ts = null;
    await lost.check();
    engine.actor.connectable_ts = startedAtMs + 5_000;
    engine.lose("b");
    await lost.check();
    expect(engine.moved).toEqual([]);
  });

  it("is moved by a server that has never reached it, when it is older than all servers that are connected", async () => {
    engine.lose("a");
    engine.lose("b");
    engine.connect("new", 20_000);
    await lost.check(false);
    expect(engine.moved).toHaveLength(1);
  });

  describe("to a server that has never reached it", () => {
    /** While an older server lives: it may have the actor. */
    async function checkWith(actorsOfOlder: number, others: readonly (number | null)[] = []): Promise<number> {
      engine.lose("a");
      engine.connect("b", 0, actorsOfOlder);
      engine.connect("new", 20_000);
      for (const [index, connectable_ts] of others.entries())
        engine.others.push({ actor_id: `other-${index}`, connectable_ts });
      const movedAfter: number[] = [];
      for (let check = 0; check < 4; check += 1) {
        await lost.check(false);
        movedAfter.push(engine.moved.length);
        vi.advanceTimersByTime(1_000);
      }
      // Servers of an engine that was away have some time to come back.
      expect(movedAfter.slice(0, 2)).toEqual([0, 0]);
      return engine.moved.length;
    }

    it("is moved when no server has actors that could have it", async () => {
      expect(await checkWith(0)).toBe(1);
    });

    it("is moved when the servers have fewer actors than run", async () => {
      expect(await checkWith(1, [startedAtMs, null])).toBe(1);
    });

    it("stays where an older server may have it, which may only be busy", async () => {
      expect(await checkWith(1)).toBe(0);
      expect(await checkWith(2, [startedAtMs])).toBe(0);
    });

    it("stays where only actors of another pool are more than its servers have", async () => {
      engine.others.push({ actor_id: "other", connectable_ts: startedAtMs, runner_name_selector: "of another" });
      expect(await checkWith(1)).toBe(0);
    });

    it("stays where it, or another one, has started only after the servers were asked", async () => {
      engine.connect("b", 0, 0);
      engine.connect("new", 20_000);
      engine.actor.connectable_ts = null;
      await checkFor(3);
      // Its server has it, and that was not known when it was asked how many actors it has.
      engine.onActors = () => {
        engine.actor.connectable_ts = engine.nowMs;
        engine.connect("b", 0, 1);
      };
      await checkFor(3);
      engine.onActors = () => (engine.others[0] = { actor_id: "next", connectable_ts: engine.nowMs });
      await checkFor(1);
      engine.onActors = undefined;
      engine.connect("b", 0, 2);
      await checkFor(3);
      expect(engine.moved).toEqual([]);
    });

    it("stays where there are too many actors to count", async () => {
      expect(await checkWith(5, Array(200).fill(startedAtMs))).toBe(0);
    });
  });

  it("stays for as long as servers need to come back to an engine that was away", async () => {
    await lost.note(true);
    engine.lose("a");
    engine.isThere = false;
    await lost.check(false);
    engine.isThere = true;
    engine.lose("b");
    engine.connect("c", 1_000);
    await lost.check(false);
    vi.advanceTimersByTime(8_000);
    await lost.check(false);
    expect(engine.moved).toEqual([]);
    vi.advanceTimersByTime(2_000);
    await lost.check(false);
    expect(engine.moved).toHaveLength(1);
  });

  it("stays for less time when another server has come back", async () => {
    await lost.note(true);
    engine.lose("a");
    await lost.check(false);
    vi.advanceTimersByTime(2_000);
    await lost.check(false);
    expect(engine.moved).toEqual([]);
    vi.advanceTimersByTime(1_000);
    await lost.check(false);
    expect(engine.moved).toHaveLength(1);
  });

  it("is asked about again when the engine did not answer before", async () => {
    engine.refusal = [500, "{}"];
    await lost.note(true);
    engine.refusal = undefined;
    await lost.note(false);
    engine.lose("a");
    engine.connect("b", 0, 1);
    await lost.check();
    expect(engine.moved).toHaveLength(1);
  });

  it("is asked about again when it was late and has answered", async () => {
    await lost.note(true);
    engine.connect("c", 30_000);
    await lost.note(false);
    await lost.check();
    await lost.note(false);
    engine.lose("c");
    await lost.check();
    expect(engine.moved).toHaveLength(1);
  });
});
