import { type AddressInfo, createServer, type Server, Socket } from "node:net";

/**
 * A way to a server that can go black: then it takes connections and bytes and passes none on, and tells nobody. What was open at that time
 * stays so for ever, as behind a router that has forgotten its connections.
 */
export class BlackProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #onBlack = new Set<() => void>();
  isBlack = false;

  private constructor(toPort: number) {
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
        from.on("data", (bytes) => isLost() || to.write(bytes));
        from.on("error", () => {});
        from.on("close", () => {
          this.#sockets.delete(from);
          if (!isLost()) to.destroy();
        });
      }
      if (!lost) target.connect(toPort, "127.0.0.1");
    });
  }

  static async open(toPort: number): Promise<BlackProxy> {
    const proxy = new BlackProxy(toPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
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
}
