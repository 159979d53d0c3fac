import type { Socket } from "../../src/rivetkit/wire/protocol.ts";

type Listener = (event: never) => void;

/** One end of a connection in memory. What is sent arrives at `peer` a moment later, in order. */
export class TestSocket implements Socket {
  readonly OPEN = 1;
  readyState = 1;
  readonly sent: string[] = [];
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;
  peer: TestSocket | undefined;
  /** What listeners threw. A real socket would end the process with it. */
  readonly listenerErrors: unknown[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  addEventListener(type: string, listener: Listener): void {
    const all = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, all.add(listener));
  }

  emit(type: string, event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(event as never);
      } catch (error) {
        this.listenerErrors.push(error);
      }
    }
  }

  send(data: string): void {
    if (this.readyState !== this.OPEN) return;
    this.sent.push(data);
    queueMicrotask(() => this.peer?.emit("message", { data }));
  }

  close(code?: number, reason?: string): void {
    if (this.readyState !== this.OPEN) return;
    this.closedWith = { code, reason };
    for (const end of [this, this.peer]) {
      if (!end) continue;
      end.readyState = 3;
      queueMicrotask(() => end.emit("close", { code, reason }));
    }
  }
}

export function createSocketPair(): [TestSocket, TestSocket] {
  const pair: [TestSocket, TestSocket] = [new TestSocket(), new TestSocket()];
  [pair[0].peer, pair[1].peer] = [pair[1], pair[0]];
  return pair;
}
