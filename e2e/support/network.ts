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
  readonly #sockets = new Set<Socket>();
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

  /** Open connections end, and new ones fail until {@link mend}. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
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
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      let before = Promise.resolve();
      const inOrder = (action: () => void): void => {
        const arrival = this.lagMs === 0 ? Promise.resolve() : sleep(this.lagMs);
        before = before.then(() => arrival).then(action);
      };
      from.on("data", (data) => {
        this.onData?.(data, from === far);
        inOrder(() => to.writable && to.write(data));
      });
      from.on("end", () => inOrder(() => to.end()));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        inOrder(() => to.destroy());
      });
    }
    if (this.#isCut) near.destroy();
  }
}
