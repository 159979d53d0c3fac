import { type Backend, type Change, globalBackend } from "../backend/backend.ts";
import { homeOf } from "../backend/home-of.ts";
import { detached } from "../process/detached.ts";
import { isKawaError } from "../errors/errors.ts";
import { streamScope } from "../backend/key.ts";
import { memoryBackend } from "../memory/memory-backend.ts";
import { processState } from "../process/process-state.ts";
import { withTimeout } from "../process/with-timeout.ts";
import { StreamProducer, type StreamProducerOptions } from "./stream-producer.ts";
import { isShown } from "./viewers.ts";

/** A server says this often which streams it shows, in milliseconds. */
export const streamRenewMs = 2_000;

const checkMs = 1_000;
/** A render counts as a viewer for this long: then its browser has connected. */
const renderMs = 10_000;
/** After a change of a stream's value, a browser that still shows the stream has rendered its page again within this time. */
const unreadMs = 30_000;
/** A reload, or a navigation to another page that shows the stream, does not stop it. */
const stopMs = 3_000;
/** Longest wait at the end until the actor knows that the streams are not shown here any more. */
const closeTimeoutMs = 500;

// The values of one stream are of one type; those of all streams are of many.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyProducer = StreamProducer<any>;

type ShownStream = {
  readonly producer: AnyProducer;
  readonly key: string;
  readAt: number;
  /** When its value changed, where no render has shown it since. */
  unreadSince: number | undefined;
  unwatchedSince: number | undefined;
};

/** The inline streams that this server shows of one backend: it produces those that the backend tells it to. */
export class InlineStreams {
  readonly backend: Backend;
  readonly #shown = new Map<string, ShownStream>();
  /** Streams that are not shown here any more, and are not unregistered yet. */
  readonly #ended = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;
  #renewedAt = 0;
  #isRenewing = false;
  #mustRenewAgain = false;
  #isAway = false;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Says that a render shows a stream at this moment. The first one makes it start. */
  show<T>(options: StreamProducerOptions<T>): void {
    const { key } = options.target;
    const scope = streamScope(key)!;
    const found = this.#shown.get(scope);
    if (found) {
      found.readAt = performance.now();
      found.unreadSince = undefined;
      return;
    }
    this.#ended.delete(scope);
    this.#shown.set(scope, {
      producer: new StreamProducer(options),
      key,
      readAt: performance.now(),
      unreadSince: undefined,
      unwatchedSince: undefined,
    });
    detached(() => {
      this.#watch();
      void this.#renew();
    });
  }

  /** Stops all streams at once, and tells the backend so that another server goes on with them soon. Never rejects. */
  async close(): Promise<void> {
    const scopes = [...this.#shown.keys(), ...this.#ended];
    const written = Promise.all([...this.#shown.values()].map(({ producer }) => producer.stop()));
    this.#shown.clear();
    this.#ended.clear();
    this.#unwatch();
    if (scopes.length === 0 || this.backend.status === "closed") return;
    const unregistered = written.then(() => this.backend.streams.unregister(scopes)).catch(() => {});
    await withTimeout(unregistered, closeTimeoutMs, () => {});
  }

  #watch(): void {
    if (this.#timer) return;
    this.#timer = setInterval(() => this.#check(), checkMs).unref();
    this.#stopListening = this.backend.onChange((change) => this.#onChange(change));
  }

  #unwatch(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopListening?.();
  }

  #onChange({ keys }: Change): void {
    const now = performance.now();
    const changed = keys.length === 0 ? [...this.#shown.keys()] : keys.map(streamScope);
    for (const scope of changed) {
      const shown = scope === undefined ? undefined : this.#shown.get(scope);
      if (shown) shown.unreadSince ??= now;
    }
  }

  #check(): void {
    if (this.backend.status === "closed" || this.backend !== currentBackend()) return void this.close();
    const now = performance.now();
    for (const [scope, shown] of this.#shown) {
      if (this.#isWatched(shown, now)) shown.unwatchedSince = undefined;
      else if (now - (shown.unwatchedSince ??= now) >= stopMs) void this.#end(scope, shown);
    }
    if (this.#shown.size === 0) this.#unwatch();
    else if (now - this.#renewedAt >= streamRenewMs) void this.#renew();
  }

  #isWatched({ key, readAt, unreadSince }: ShownStream, now: number): boolean {
    if (now - readAt < renderMs) return true;
    // Pages of one path may show different streams: a browser that does not render a new value shows another one.
    if (unreadSince !== undefined && now - unreadSince >= unreadMs) return false;
    return isShown(homeOf(this.backend, key).id, key);
  }

  async #end(scope: string, { producer }: ShownStream): Promise<void> {
    this.#shown.delete(scope);
    // A value that arrives after it was unregistered would stay for ever.
    await producer.stop();
    if (this.#shown.has(scope)) return;
    this.#ended.add(scope);
    await this.#renew();
  }

  /** One request is on the way at a time: the order of register and unregister matters. Never rejects. */
  async #renew(): Promise<void> {
    this.#mustRenewAgain = true;
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    while (this.#mustRenewAgain) {
      this.#mustRenewAgain = false;
      this.#renewedAt = performance.now();
      try {
        await this.#unregisterEnded();
        await this.#registerShown();
        this.#isAway = false;
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#isRenewing = false;
  }

  async #unregisterEnded(): Promise<void> {
    const scopes = [...this.#ended];
    if (scopes.length === 0) return;
    this.#ended.clear();
    // When this fails, their leases end by themselves.
    await this.backend.streams.unregister(scopes);
  }

  async #registerShown(): Promise<void> {
    const scopes = [...this.#shown.keys()];
    if (scopes.length === 0) return;
    const produced = await this.backend.streams.register(scopes);
    for (const scope of scopes) {
      const producer = this.#shown.get(scope)?.producer;
      if (produced.has(scope)) producer?.start();
      else void producer?.stop();
    }
  }

  /** What is produced here goes on: while the backend is away, no other server can be told to produce it. */
  #onFailure(error: unknown): void {
    if (isKawaError(error, "BACKEND_CLOSED")) return void this.close();
    if (!this.#isAway) console.error("[kawa] Streams could not be registered; retrying:", error);
    this.#isAway = true;
  }
}

const open = processState<{ streams: InlineStreams | undefined }>("inline-streams", () => ({ streams: undefined }));

/** The streams of the backend that is the global one at this moment. */
export function inlineStreams(): InlineStreams {
  const backend = currentBackend();
  if (open.streams?.backend !== backend) {
    void open.streams?.close();
    open.streams = new InlineStreams(backend);
  }
  return open.streams;
}

/** Stops all inline streams of this process; a later render starts them again. Call it before the backends are closed. */
export async function stopInlineStreams(): Promise<void> {
  await open.streams?.close();
}

function currentBackend(): Backend {
  return globalBackend.peek() ?? memoryBackend();
}
