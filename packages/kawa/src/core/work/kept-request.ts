import { AsyncLocalStorage } from "node:async_hooks";
import { NextRequest } from "next/server";
import { detached } from "../process/detached.ts";
import { type NextUnit, type NextWork, nextStores } from "./next-work.ts";

type Cookies = { getAll(): readonly { readonly name: string; readonly value: string }[] };

/** What code of a route handler is told of its request, as Next keeps it while the request is answered. */
type RequestUnit = NextUnit & {
  readonly headers: Headers;
  readonly cookies: Cookies;
  /** With the cookies that the handler has set. */
  readonly userspaceMutableCookies?: Cookies;
  readonly draftMode?: { readonly isEnabled: boolean };
};

/**
 * Returns a function that runs others as in the request that is being answered: they are told its headers and cookies, and find all else that
 * the app has in async storage. It keeps these alone: what Next and Node keep of a request takes 20 KB, and a stream is open for hours.
 */
export function keepRequest(): <R>(fn: () => R) => R {
  const stores = nextStores();
  const work = stores?.work.getStore();
  const unit = stores?.unit.getStore();
  if (!stores || !work || unit?.type !== "request") return AsyncLocalStorage.snapshot();
  const { work: works, unit: units } = stores;
  return works.run(keptWork(work), () =>
    units.run(new KeptUnit(unit as RequestUnit), () => AsyncLocalStorage.snapshot()),
  );
}

/** What Next knows of the route, without what leads to the request and its answer. */
function keptWork(work: NextWork): NextWork {
  const later = {
    afterContext: { after: runLater },
    runInCleanSnapshot: <A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R => detached(() => fn(...args)),
  };
  return { ...work, ...later };
}

/** What code has handed over to `after()`. */
function runLater(task: unknown): void {
  Promise.resolve(task)
    .then((given) => (typeof given === "function" ? (given as () => unknown)() : undefined))
    .catch((error) => console.error("[kawa] What a stream ran after its request has failed:", error));
}

/** A request that was answered. What it has brought is kept as text. */
class KeptUnit implements NextUnit {
  readonly type = "request";
  /** Next tells the cookies of a request in this phase. */
  readonly phase = "action";
  readonly implicitTags?: NonNullable<NextUnit["implicitTags"]>;
  readonly url?: NonNullable<NextUnit["url"]>;
  readonly rootParams = {};
  readonly resumeDataCache = null;
  readonly isHmrRefresh = false;
  readonly draftMode: { readonly isEnabled: boolean };
  readonly #headers: string;
  readonly #cookies: string;
  /** Next notes here that the request was looked at. */
  usedDynamic = false;

  constructor({ headers, cookies, userspaceMutableCookies = cookies, draftMode, implicitTags, url }: RequestUnit) {
    if (implicitTags) this.implicitTags = implicitTags;
    if (url) this.url = url;
    this.draftMode = { isEnabled: draftMode?.isEnabled ?? false };
    this.#headers = JSON.stringify([...headers]);
    const pairs = userspaceMutableCookies.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
    this.#cookies = pairs.join("; ");
  }

  get headers(): Headers {
    return new Headers(JSON.parse(this.#headers) as [string, string][]);
  }

  get cookies(): NextRequest["cookies"] {
    return new NextRequest("http://localhost", { headers: { cookie: this.#cookies } }).cookies;
  }

  get mutableCookies(): NextRequest["cookies"] {
    return this.cookies;
  }

  get userspaceMutableCookies(): NextRequest["cookies"] {
    return this.cookies;
  }
}
