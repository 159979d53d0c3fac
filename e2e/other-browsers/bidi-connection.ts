import bidi from "selenium-webdriver/bidi/index.js";
import { waitUntil } from "../support/process.ts";

/** What the module exports is the class itself; its types say otherwise. */
const Connection = bidi as unknown as typeof bidi.Index;

type Answer = { readonly type: string; readonly result: unknown; readonly error?: string; readonly message?: string };

/** A session of WebDriver BiDi with a browser that needs no driver. */
export class BidiConnection {
  readonly #connection: InstanceType<typeof Connection>;

  private constructor(url: string) {
    this.#connection = new Connection(url);
  }

  static async open(url: string): Promise<BidiConnection> {
    const opened = new BidiConnection(url);
    await opened.#connection.waitForConnection();
    // A browser that starts slowly answers later than the client waits for. The session begins all the same.
    const begun = opened.send("session.new", { capabilities: {} }).catch(String);
    await waitUntil(
      () =>
        opened.send("browsingContext.getTree", { maxDepth: 0 }).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 120_000, what: "a session; the answer to its request: " + (await begun) },
    );
    return opened;
  }

  async send<Result>(method: string, params: Record<string, unknown>): Promise<Result> {
    const answer = (await this.#connection.send({ method, params })) as Answer;
    if (answer.type === "error") throw new Error(`${method}: ${answer.error}: ${answer.message}`);
    return answer.result as Result;
  }

  close(): void {
    // The browser ends right after.
    this.#connection.close().catch(() => {});
  }
}
