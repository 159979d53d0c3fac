import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server as TcpServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** The way between a browser and a server: it can be slow, and it can be lost. */
export class Network {
  readonly url: string;
  /** How much later everything arrives, in each direction. */
  lagMs = 0;
  readonly #server: TcpServer;
  /** Sees all that passes, as it leaves its sender. */
  onData: ((data: Buffer, isAnswer: boolean) => void) | undefined;
  /** Open ones, and the request that each has passed last. */
  readonly #sockets = new Map<Socket, string>();
  #isLast: ((request: string) => boolean) | undefined;
  #isCut = false;

  private constructor(server: TcpServer) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(targetUrl: string): Promise<Network> {
    const { port } = new URL(targetUrl);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const network = new Network(server);
    server.on("connection", (socket) => network.#join(socket, connect(Number(port), "127.0.0.1")));
    return network;
  }

  /** The next connection that a request passes for which `isLast` is true stays open, and nothing passes it any more. */
  die(isLast: (request: string) => boolean): void {
    this.#isLast = isLast;
  }

  /** Whether a connection has died. */
  get hasDied(): boolean {
    return this.#isLast === undefined;
  }

  /** Open connections end, and new ones fail until {@link mend}. */
  cut(): void {
    this.#isCut = true;
    this.breakOff(() => true);
  }

  /** The connections end whose last request fits. */
  breakOff(isOf: (request: string) => boolean): void {
    for (const [socket, request] of this.#sockets) if (isOf(request)) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket, far: Socket): void {
    let isDead = false;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.set(from, "");
      let before = Promise.resolve();
      const inOrder = (action: () => void): void => {
        const arrival = this.lagMs === 0 ? Promise.resolve() : sleep(this.lagMs);
        before = before.then(() => arrival).then(action);
      };
      from.on("data", (data) => {
        if (from === near) this.#sockets.set(near, data.toString("latin1"));
        if (from === near && this.#isLast?.(data.toString("latin1"))) {
          isDead = true;
          this.#isLast = undefined;
        }
        if (isDead) return;
        this.onData?.(data, from === far);
        inOrder(() => to.writable && to.write(data));
      });
      from.on("end", () => inOrder(() => isDead || to.end()));
      from.on("error", () => isDead || to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        inOrder(() => isDead || to.destroy());
      });
    }
    if (this.#isCut) near.destroy();
  }
}
