import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, ask, type Ask, jsonHeaders } from "./loopback.ts";

export type Target = {
  readonly port: number;
  /** What is attacked: the reactive route, or one that does nothing, to see what the requests themselves cost. */
  readonly route: string;
  readonly signOutRoute: string;
  /** Shows the value that strangers write, or one that is no signal. */
  readonly valuePage: string;
  /** Where server actions are called. */
  readonly callPath: string;
  readonly pushAction: string;
  readonly refreshAction: string;
  /** The address and the session of who must not notice. */
  readonly honestAddress: string;
  readonly honestSessionId: string;
};

type Sent = Omit<Ask, "port" | "from" | "path" | "timeoutMs"> & {
  /** @default the route that is attacked */
  readonly path?: string;
  /** @default the attacker's first address */
  readonly from?: string;
};

export type HoldOptions = { readonly from?: string; /** @default true */ readonly isRead?: boolean };

const requestTimeoutMs = 8_000;

/** Somebody with a program and a few addresses. All that it asks for is counted by what it was answered. */
export class Attacker {
  readonly target: Target;
  /** Bytes of what it held open. */
  bytes = 0;
  readonly #counts = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  #isReleased = false;

  constructor(target: Target) {
    this.target = target;
  }

  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  get openCount(): number {
    return this.#sockets.size;
  }

  address(index = 0): string {
    return `127.0.2.${1 + (index % 250)}`;
  }

  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Undefined when there was no answer. */
  async send({ path = this.target.route, from = this.address(), ...rest }: Sent): Promise<Answer | undefined> {
    try {
      const answer = await ask({ ...rest, path, from, port: this.target.port, timeoutMs: requestTimeoutMs });
      this.count(nameOf(answer));
      return answer;
    } catch (error) {
      if (!this.#isReleased) this.count((error as NodeJS.ErrnoException).code ?? (error as Error).message);
      return undefined;
    }
  }

  put(
    key: string,
    text: string | null,
    options: Pick<Sent, "from"> & { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer | undefined> {
    const body = JSON.stringify({ id: crypto.randomUUID(), key, text });
    return this.send({ ...options, method: "PUT", headers: { ...jsonHeaders(), ...options.headers }, body });
  }

  post(tabs: object): Promise<Socket> {
    return this.hold(this.streamRequest(tabs));
  }

  streamRequest(tabs: object): string {
    return this.request("POST", { body: JSON.stringify({ tabs }) });
  }

  /** The text of a request. */
  request(
    method: string,
    { path = this.target.route, headers = jsonHeaders(), body = "" }: Partial<Sent> = {},
  ): string {
    const lines = Object.entries({
      host: `127.0.0.1:${this.target.port}`,
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    });
    return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
  }

  /** Sends the text, and keeps the connection. Resolves when something was answered or it was closed, at once where nobody reads. */
  hold(text: string, { from = this.address(), isRead = true }: HoldOptions = {}): Promise<Socket> {
    const socket = connect({ port: this.target.port, host: "127.0.0.1", localAddress: from });
    this.#sockets.add(socket);
    socket.on("error", () => {});
    return new Promise((resolve) => {
      socket.on("close", () => {
        this.#sockets.delete(socket);
        resolve(socket);
      });
      socket.on("connect", () => socket.write(text, () => (isRead ? undefined : resolve(socket))));
      if (!isRead) {
        if (text !== "") this.count("unread");
        return void socket.pause();
      }
      let isFirst = true;
      socket.on("data", (chunk: Buffer) => {
        this.bytes += chunk.byteLength;
        if (isFirst) this.count(chunk.toString("latin1", 9, 12));
        isFirst = false;
        resolve(socket);
      });
    });
  }

  /** A server action. Its answer is read for as long as it comes. */
  call(action: string, args: readonly unknown[]): Promise<Socket> {
    const headers = { "next-action": action, accept: "text/x-component", "content-type": "text/plain;charset=UTF-8" };
    return this.hold(this.request("POST", { path: this.target.callPath, headers, body: JSON.stringify(args) }));
  }

  /** More of what it has begun to send. */
  sendOnAll(text: string): void {
    for (const socket of this.#sockets) socket.write(text);
  }

  /** Ends what it holds open. */
  release(): void {
    this.#isReleased = true;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

/** Does the work `count` times, at a steady pace whatever becomes of it. Resolves when all of it is done. */
export async function pace(count: number, perSecond: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const all: Promise<unknown>[] = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, start + (index * 1_000) / perSecond - performance.now()));
    all.push(work(index));
  }
  await Promise.all(all);
}

function nameOf({ status, text }: Answer): string {
  const code = status < 400 ? undefined : /"code":"(\w+)"/.exec(text)?.[1];
  return code === undefined ? String(status) : `${status} ${code}`;
}
