import type { Socket } from "../../src/rivetkit/wire/protocol.ts";

type Listener = (event: never) => void;

/** What becomes of a frame. One that is slow holds up those behind it. */
export type FrameFate = "prompt" | "slow" | "slower" | "stalled" | "lost" | "cut" | "delivered, then cut";

const delayMs: Partial<Record<FrameFate, number>> = { slow: 3, slower: 40, stalled: 11_000 };

/** One end of a connection whose frames arrive in order, late, or not at all. It needs virtual time. */
export class UnluckyEnd implements Socket {
  readonly OPEN = 1;
  readyState = 1;
  peer!: UnluckyEnd;
  readonly #nextFate: () => FrameFate;
  readonly #change: (frame: string) => string;
  readonly #listeners = new Map<string, Set<Listener>>();
  /** When the last frame towards the peer arrives. */
  #lastArrival = 0;

  constructor(nextFate: () => FrameFate, change: (frame: string) => string) {
    this.#nextFate = nextFate;
    this.#change = change;
  }

  addEventListener(type: string, listener: Listener): void {
    const all = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, all.add(listener));
  }

  send(frame: string): void {
    if (this.readyState !== this.OPEN) return;
    const fate = this.#nextFate();
    if (fate === "lost") return;
    if (fate === "cut") return this.cut();
    const data = this.#change(frame);
    this.#deliver(delayMs[fate] ?? 0, () => {
      if (this.peer.readyState === this.OPEN) this.peer.#emit("message", { data });
      if (fate === "delivered, then cut") this.cut();
    });
  }

  /** Frames that are on the way to the peer still arrive there. */
  close(code?: number, reason?: string): void {
    if (this.readyState !== this.OPEN) return;
    this.#end({ code, reason });
    this.#deliver(0, () => this.peer.#end({ code, reason }));
  }

  /** Both ends are told at once. */
  cut(): void {
    for (const end of [this, this.peer]) end.#end({ code: 1006 });
  }

  #end(event: object): void {
    if (this.readyState !== this.OPEN) return;
    this.readyState = 3;
    setImmediate(() => this.#emit("close", event));
  }

  #deliver(afterMs: number, deliver: () => void): void {
    const now = performance.now();
    this.#lastArrival = Math.max(now + afterMs, this.#lastArrival);
    setTimeout(deliver, this.#lastArrival - now);
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

/** The client's end first. `change` is what happens to the frames of the server. */
export function createUnluckyWire(
  nextFate: () => FrameFate,
  change: (frame: string) => string,
): [UnluckyEnd, UnluckyEnd] {
  const [client, server] = [new UnluckyEnd(nextFate, (frame) => frame), new UnluckyEnd(nextFate, change)];
  [client.peer, server.peer] = [server, client];
  return [client, server];
}
