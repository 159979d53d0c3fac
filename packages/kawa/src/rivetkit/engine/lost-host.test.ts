import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { LostHost } from "./lost-host.ts";

const startedAtMs = Date.parse("2030-01-01T00:00:00Z");

type Envoy = { envoy_key: string; create_ts: number; last_ping_ts: number };

/** What an engine says over HTTP of the servers in a pool, and of one actor. */
class FakeEngine {
  isThere = true;
  nowMs = startedAtMs;
  readonly connected = new Map<string, Envoy>();
  readonly gone = new Map<string, Envoy>();
  /** Servers that the engine still lists, and does not ask for signs of life any more. */
  readonly silent = new Set<string>();
  actor = { actor_id: "id-1", connectable_ts: startedAtMs as number | null };
  readonly moved: string[] = [];
  readonly #server = createServer(({ url = "", method }, response) => {
    if (!this.isThere) return response.destroy();
    const { pathname, searchParams } = new URL(url, "http://engine");
    const keys = searchParams.getAll("envoy_key");
    for (const envoy of this.connected.values()) if (!this.silent.has(envoy.envoy_key)) envoy.last_ping_ts = this.nowMs;
    const of = (key: string): Envoy | undefined => this.connected.get(key) ?? this.gone.get(key);
    let body: object = {};
    if (pathname === "/envoys") body = { envoys: keys.length > 0 ? keys.map(of) : [...this.connected.values()] };
    else if (pathname === "/actors") body = { actors: [this.actor] };
    else if (method === "POST") this.moved.push(pathname);
    return response.writeHead(200, { date: new Date(this.nowMs).toUTCString() }).end(JSON.stringify(body));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void this.#server.close());
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  connect(key: string, afterMs = 0): void {
    const at = startedAtMs + afterMs;
    this.connected.set(key, { envoy_key: key, create_ts: at, last_ping_ts: at });
  }

  /** @param ago since its last sign of life */
  lose(key: string, ago = 2_000): void {
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
