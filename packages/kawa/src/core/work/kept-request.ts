import { AsyncResource } from "node:async_hooks";
import { detached } from "../process/detached.ts";
import { type NextUnit, nextStores } from "./next-work.ts";

type Cookies = { getAll(): readonly { readonly name: string; readonly value: string }[] };
/** Next's class, which reads the header `cookie`. */
type CookiesClass = new (headers: Headers) => Cookies;

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
  if (!stores || !work || unit?.type !== "request") return inContext(keepContext());
  const keptUnit = new KeptUnit(unit as RequestUnit);
  return inContext(stores.work.run({ ...work, ...ofNoRequest }, () => stores.unit.run(keptUnit, keepContext)));
}

/** Keeps what is in async storage, as `AsyncLocalStorage.snapshot()` does, which takes a kilobyte more. */
function keepContext(): AsyncResource {
  return new AsyncResource("KawaKeptRequest", { requireManualDestroy: true });
}

// A closure of its own: those of the functions above would keep the request.
function inContext(context: AsyncResource): <R>(fn: () => R) => R {
  return (fn) => context.runInAsyncScope(fn);
}

/** What stands for the parts of Next's work that lead to the request and its answer. */
const ofNoRequest = {
  afterContext: { after: runLater },
  runInCleanSnapshot: <A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R => detached(() => fn(...args)),
  // As where no cache handler has tags to refresh: it was asked at the beginning of the request.
  refreshTagsByCacheKind: new Map(),
};

/** No path was revalidated. */
const noTags = { tags: [], expirationsByCacheKind: new Map() };

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
  readonly implicitTags: NonNullable<NextUnit["implicitTags"]> = noTags;
  readonly url?: NonNullable<NextUnit["url"]>;
  readonly rootParams = {};
  readonly resumeDataCache = null;
  readonly isHmrRefresh = false;
  readonly draftMode: { readonly isEnabled: boolean };
  /** Names and values in turns. Their texts are those that Next has. */
  readonly #headers: readonly string[];
  readonly #cookies: string;
  readonly #Cookies: CookiesClass;
  /** Next notes here that the request was looked at. */
  usedDynamic = false;

  constructor({ headers, cookies, userspaceMutableCookies = cookies, draftMode, url }: RequestUnit) {
    if (url) this.url = url;
    this.draftMode = { isEnabled: draftMode?.isEnabled ?? false };
    this.#headers = [...headers].flat();
    // Next's own module would be another copy in a bundle.
    this.#Cookies = (Object.getPrototypeOf(cookies) as { constructor: CookiesClass }).constructor;
    const pairs = userspaceMutableCookies.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`);
    const sent = headers.get("cookie");
    this.#cookies = pairs.join("; ");
    // One text instead of two.
    if (this.#cookies === sent) this.#cookies = sent;
  }

  get headers(): Headers {
    const found = new Headers();
    for (let at = 0; at < this.#headers.length; at += 2) found.append(this.#headers[at]!, this.#headers[at + 1]!);
    return found;
  }

  get cookies(): Cookies {
    return new this.#Cookies(new Headers({ cookie: this.#cookies }));
  }

  get mutableCookies(): Cookies {
    return this.cookies;
  }

  get userspaceMutableCookies(): Cookies {
    return this.cookies;
  }
}
