import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A load balancer without sticky sessions: each request goes to the next server, and past one that does not answer. A file of a build is
 * looked for on each of them.
 */
export class Balancer {
  readonly url: string;
  /** Method and path of each request. */
  readonly asked: string[];
  readonly #server: ReturnType<typeof createServer>;

  private constructor(server: ReturnType<typeof createServer>, asked: string[]) {
    this.#server = server;
    this.asked = asked;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(targets: readonly string[]): Promise<Balancer> {
    let turn = 0;
    const asked: string[] = [];
    // `targets` may change.
    const server = createServer((incoming, answer) => {
      turn += 1;
      asked.push(`${incoming.method} ${incoming.url}`);
      const order = targets.map((_, index) => targets[(turn + index) % targets.length]!);
      void forward(incoming, answer, order);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Balancer(server, asked);
  }

  /** After {@link close}: at the same address. */
  async open(): Promise<void> {
    this.#server.listen(Number(new URL(this.url).port), "127.0.0.1");
    await once(this.#server, "listening");
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}

async function forward(incoming: IncomingMessage, answer: ServerResponse, targets: readonly string[]): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const attempt = (index: number): void => {
    const target = targets[index];
    if (target === undefined) return void answer.writeHead(503).end();
    const headers = { ...incoming.headers, "x-forwarded-host": incoming.headers.host };
    const outgoing = request(new URL(incoming.url ?? "/", target), { method: incoming.method, headers, agent: false });
    outgoing.on("response", (response) => {
      if (response.statusCode === 404 && incoming.url?.startsWith("/_next/static/") && index + 1 < targets.length) {
        response.resume();
        return attempt(index + 1);
      }
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
      response.on("error", () => answer.destroy());
      response.on("aborted", () => answer.destroy());
    });
    outgoing.on("error", () => (answer.headersSent ? answer.destroy() : attempt(index + 1)));
    answer.on("close", () => outgoing.destroy());
    outgoing.end(body);
  };
  attempt(0);
}
