import { AsyncLocalStorage } from "node:async_hooks";
import { vi } from "vitest";
import { BrowserBackend } from "../../src/browser/browser-backend.ts";
import { BrowserTransaction } from "../../src/browser/browser-transaction.ts";
import { namespace, type Namespace } from "../../src/core/namespace.ts";
import { RunningTransaction } from "../../src/core/running-transaction.ts";
import type { Transaction } from "../../src/core/transaction-api.ts";

/** What becomes of a request of a browser. */
export type RequestFate = "prompt" | "late" | "lost" | "answer lost";

type Route = Record<"GET" | "PUT", (request: Request) => Promise<Response>>;

export type RouteBrowserOptions = {
  readonly route: Route;
  /** Runs a request as who looks. */
  readonly as?: <T>(fn: () => T) => T;
  /** What becomes of the next request. @default prompt */
  readonly fate?: () => RequestFate;
  /** How long what is late takes, in milliseconds. */
  readonly lateMs?: number;
};

const looking = new AsyncLocalStorage<RouteBrowser>();

/** A browser that shows what it is told, and asks the route of an app over a network that loses things. */
export class RouteBrowser {
  readonly backend: BrowserBackend;
  /** Bodies of the requests that it has sent. */
  readonly sent: string[] = [];
  readonly #options: RouteBrowserOptions;

  constructor(options: RouteBrowserOptions) {
    this.#options = options;
    this.backend = new BrowserBackend(
      () => [],
      () => {},
    );
    vi.stubGlobal("document", { querySelectorAll: () => [], visibilityState: "visible" });
    // The code of the server asks for things too.
    const { fetch: otherwise } = globalThis;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      const browser = looking.getStore();
      return browser ? browser.#fetch(url, init) : otherwise(url, init);
    });
  }

  /** Signals as this browser has them. */
  namespace(prefix: string): Namespace {
    return namespace(prefix, { backend: this.backend as never });
  }

  act<T>(fn: () => T): T {
    return looking.run(this, fn);
  }

  transaction<R>(run: (tx: Transaction) => R | Promise<R>): Promise<R> {
    const { backend } = this;
    const visit = { backend, forgetCount: backend.forgetCount.peek() };
    const running = new RunningTransaction({ run, options: undefined, isCommitted: true }, (_, attempt) =>
      new BrowserTransaction(attempt, visit).commit(),
    );
    return this.act(() => running.result());
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const { route, as = (fn) => fn(), fate = () => "prompt", lateMs = 20 } = this.#options;
    const method = init.method === "PUT" ? "PUT" : "GET";
    if (init.body) this.sent.push(String(init.body));
    const becomes = fate();
    if (becomes === "late") await new Promise((resolve) => setTimeout(resolve, lateMs));
    if (becomes === "lost") throw new TypeError("Failed to fetch");
    const { body, headers } = init;
    const request = new Request(new URL(url, "http://host/api/reactive"), {
      method,
      ...(body ? { body, headers: headers! } : {}),
    });
    const response = await looking.exit(() => as(() => route[method](request)));
    if (becomes === "answer lost") throw new TypeError("Failed to fetch");
    return response;
  }
}
