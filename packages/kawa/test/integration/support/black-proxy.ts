import { type AddressInfo, createServer, type Server, Socket } from "node:net";

/**
 * A way to a server that can go wrong. Black: it takes connections and bytes and passes none on, and tells nobody. What was open at that time
 * stays so for ever, as behind a router that has forgotten its connections.
 */
export class BlackProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #onBlack = new Set<() => void>();
  isBlack = false;
  /** Everything arrives so much later. */
  delayMs = 0;
  /** The next so many chunks of several bytes are passed on by half, and end their connection. */
  chunksToCut = 0;

  private constructor(toPort: () => number) {
    this.#server = createServer((client) => {
      const target = new Socket();
      const isLost = (): boolean => this.isBlack || lost;
      let lost = this.isBlack;
      this.#onBlack.add(() => (lost = true));
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(from);
        from.on("data", (bytes) => isLost() || this.#pass(bytes, to, isLost));
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          if (!isLost()) to.destroy();
        });
      }
      if (!lost) target.connect(toPort(), "127.0.0.1");
    });
  }

  /** @param toPort of the server; asked for at each connection */
  static async open(toPort: number | (() => number), host = "127.0.0.1"): Promise<BlackProxy> {
    const proxy = new BlackProxy(typeof toPort === "number" ? () => toPort : toPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  goBlack(): void {
    this.isBlack = true;
    for (const lose of this.#onBlack) lose();
  }

  comeBack(): void {
    this.isBlack = false;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #pass(bytes: Buffer, to: Socket, isLost: () => boolean): void {
    if (this.chunksToCut > 0 && bytes.length > 1) {
      this.chunksToCut -= 1;
      to.write(bytes.subarray(0, bytes.length >> 1), () => to.destroy());
    } else if (this.delayMs > 0) setTimeout(() => isLost() || to.write(bytes), this.delayMs);
    else to.write(bytes);
  }
}
