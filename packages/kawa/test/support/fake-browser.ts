import { vi } from "vitest";

type Waiting = { readonly run: () => Promise<unknown>; readonly resolve: (value: unknown) => void };

/** Web Locks of one browser: exclusive, in the order of the requests. */
export class FakeLocks {
  readonly #held = new Map<string, AbortController>();
  readonly #waiting = new Map<string, Waiting[]>();

  /** The `navigator.locks` of one tab. */
  ofTab(): { request: LockManager["request"]; crash: () => void } {
    const crashed = new AbortController();
    const request = async (name: string, options: unknown, callback?: () => unknown): Promise<unknown> => {
      const { signal } = (callback ? options : {}) as { signal?: AbortSignal };
      const onHeld = (callback ?? options) as () => unknown;
      signal?.throwIfAborted();
      return new Promise((resolve, reject) => {
        const waiting: Waiting = {
          resolve,
          run: () =>
            Promise.race([
              onHeld(),
              new Promise((end) => crashed.signal.addEventListener("abort", () => end(undefined))),
            ]),
        };
        const queue = this.#waiting.get(name) ?? [];
        this.#waiting.set(name, queue);
        queue.push(waiting);
        const drop = (error: unknown): void => {
          if (queue.includes(waiting)) queue.splice(queue.indexOf(waiting), 1);
          reject(error);
        };
        signal?.addEventListener("abort", () => drop(signal.reason));
        crashed.signal.addEventListener("abort", () => drop(new Error("The tab is gone.")));
        void this.#next(name);
      }).catch((error: unknown) => {
        if (!crashed.signal.aborted) throw error;
      });
    };
    return { request: request as LockManager["request"], crash: () => crashed.abort() };
  }

  get heldNames(): readonly string[] {
    return [...this.#held.keys()];
  }

  async #next(name: string): Promise<void> {
    await Promise.resolve();
    if (this.#held.has(name)) return;
    const next = this.#waiting.get(name)?.shift();
    if (!next) return;
    this.#held.set(name, new AbortController());
    next.resolve(await next.run());
    this.#held.delete(name);
    void this.#next(name);
  }
}

const channels = new Set<FakeChannel>();

/** `BroadcastChannel`: everybody of that name but the sender hears it, a copy, later. */
export class FakeChannel {
  readonly name: string;
  onmessage: ((event: { data: unknown }) => void) | undefined;

  constructor(name: string) {
    this.name = name;
    channels.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of channels) {
      if (other === this || other.name !== this.name) continue;
      const copy: unknown = structuredClone(data);
      queueMicrotask(() => channels.has(other) && other.onmessage?.({ data: copy }));
    }
  }

  close(): void {
    channels.delete(this);
  }
}

/** Makes what follows run as if in a tab that has these. */
export function enterTab(globals: { locks?: unknown; BroadcastChannel?: unknown; SharedWorker?: unknown }): void {
  vi.stubGlobal("navigator", { locks: globals.locks });
  vi.stubGlobal("BroadcastChannel", globals.BroadcastChannel);
  vi.stubGlobal("SharedWorker", globals.SharedWorker);
}

/** The window of a tab, as far as live updates know it. */
export class FakeWindow extends EventTarget {
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  readonly location = { origin: "https://app.test", pathname: "/a", search: "", hash: "", href: "https://app.test/a" };
  /** As Next writes it. */
  readonly history: { state: unknown } = { state: stateOf(["a"]) };
  readonly #answer = vi.fn<(url: string, init: object) => Promise<object>>();
  /** May be replaced, as apps do. */
  fetch: (url: string, init: object) => Promise<object> = this.#answer;
  #reportEntries: (entries: readonly object[]) => void = () => {};

  constructor() {
    super();
    const report = (listener: (list: { getEntries(): readonly object[] }) => void): void => {
      this.#reportEntries = (entries) => listener({ getEntries: () => entries });
    };
    vi.stubGlobal("window", this);
    vi.stubGlobal("document", this.document);
    vi.stubGlobal("location", this.location);
    vi.stubGlobal("history", this.history);
    vi.stubGlobal(
      "PerformanceObserver",
      class {
        constructor(listener: (list: { getEntries(): readonly object[] }) => void) {
          report(listener);
        }
        observe(): void {}
        disconnect(): void {}
      },
    );
  }

  /** Shows another page. */
  go(path: string): void {
    this.rename(path);
    this.history.state = stateOf(path.split(/[/?]/));
  }

  /** Another address for what is shown. */
  rename(path: string): void {
    const { pathname, search, href } = new URL(path, this.location.origin);
    Object.assign(this.location, { pathname, search, href });
  }

  /** Next's router asks for a render, as which `id` answers. */
  async fetchRender(
    path: string,
    id: string | undefined,
    headers: Readonly<Record<string, string>> = { rsc: "1" },
    priority?: "low",
  ): Promise<void> {
    const url = new URL(path, this.location.origin).href;
    this.#answer.mockResolvedValueOnce({
      url,
      headers: new Headers(id === undefined ? {} : { "server-timing": `kawa;desc="${id}"` }),
    });
    await this.fetch(url, { headers, ...(priority && { priority }) });
  }

  /** Next's router asks for a render, whose connection breaks after its root has come. */
  async breakOff(path: string): Promise<void> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const answer = new Response(readable);
    this.#answer.mockResolvedValueOnce(answer);
    const asked = this.fetch(new URL(path, this.location.origin).href, { headers: { rsc: "1" } }) as Promise<Response>;
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode('0:{"t":"$L2"}\n'));
    await (await asked).body!.getReader().read();
    await writer.abort(new TypeError("network error"));
  }

  /** An action of the app is on its way; returns its end. */
  sendAction(): (answer: Readonly<Record<string, string>>) => Promise<void> {
    const { promise, resolve } = Promise.withResolvers<object>();
    this.#answer.mockReturnValueOnce(promise);
    void this.fetch(this.location.href, { headers: { "next-action": "id" } });
    return async (answer) => {
      resolve({ url: this.location.href, headers: new Headers(answer) });
      await promise;
      await Promise.resolve();
    };
  }

  setVisible(isVisible: boolean): void {
    this.document.visibilityState = isVisible ? "visible" : "hidden";
    this.document.dispatchEvent(new Event("visibilitychange"));
  }

  /** A request has ended; `id` names the render that answered. */
  receive(path: string, id: string | undefined, startTime: number): void {
    const serverTiming = id === undefined ? [] : [{ name: "kawa", description: id }];
    this.#reportEntries([{ name: new URL(path, this.location.origin).href, startTime, serverTiming }]);
  }
}

/** A tree of one page. */
function stateOf(segments: readonly string[]): unknown {
  const tree = segments.reduceRight(
    (below: unknown, segment) => [segment, { children: below }, null, null, 0],
    ["__PAGE__", {}],
  );
  return { __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: { tree } };
}
