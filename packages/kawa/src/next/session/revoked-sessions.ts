import { type Backend, globalBackend } from "../../core/backend.ts";
import { effect } from "../../core/effect.ts";
import { serverKey } from "../../core/key.ts";
import { memoryBackend } from "../../core/memory-backend.ts";
import { processState } from "../../core/process-state.ts";
import { untracked } from "../../core/reactive.ts";
import { endStreamsOf, streamCountOf } from "../live-streams.ts";

/** The answer that brings the next session is on its way: the other tabs are to ask as that one. */
const answerMs = 300;
const sweepIntervalMs = 60 * 60 * 1000;

const prefix = serverKey("revoked:");
/** Servers hear which keys change, also where hooks keep the values from them: so the key says everything. */
const asServer = { context: {} };

/** Sessions that have ended before their time, as all servers of this app know them. They are kept until they would have expired. */
export class RevokedSessions {
  /** By id, when the session expires. */
  readonly #expiries = new Map<string, number>();
  #backend!: Backend;
  #loaded: Promise<void> | undefined;
  #sweptAt = 0;

  constructor() {
    effect(() => {
      const backend = globalBackend.value ?? memoryBackend();
      return untracked(() => this.#follow(backend));
    });
  }

  /** True for a session that is known to be revoked; all of them are known after {@link load}. */
  has(id: string): boolean {
    return this.#expiries.has(id);
  }

  /**
   * Resolves when this server knows all revoked sessions. It hears of later ones.
   *
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it could not ask
   */
  load(): Promise<void> {
    this.#loaded ??= this.#loadAnew();
    return this.#loaded;
  }

  /** Resolves when it is durable that the session has ended. Every server ends its streams. */
  async revoke(id: string, expiresAt: number): Promise<void> {
    await this.#backend.set(keyOf(id, expiresAt), true, asServer);
  }

  #follow(backend: Backend): () => void {
    this.#backend = backend;
    // One that is not connected yet says so when it is: nothing is started for this.
    if (backend.status === "connected") this.#loadSoon();
    return backend.onChange(({ keys }) => {
      for (const key of keys) this.#note(key);
      // Connected for the first time, or another history.
      if (keys.length === 0) this.#loadSoon();
    });
  }

  #loadSoon(): void {
    this.#loaded = this.#loadAnew();
    // Whoever asks for a session is told.
    this.#loaded.catch(() => {});
  }

  #loadAnew(): Promise<void> {
    const loading = this.#load().catch((error: unknown) => {
      if (this.#loaded === loading) this.#loaded = undefined;
      throw error;
    });
    return loading;
  }

  async #load(): Promise<void> {
    for (const key of await this.#backend.keys(prefix, asServer)) this.#note(key);
    this.#sweep();
  }

  #note(key: string): void {
    const revoked = parseKey(key);
    if (!revoked || this.has(revoked.id)) return;
    this.#expiries.set(revoked.id, revoked.expiresAt);
    if (streamCountOf(revoked.id) > 0) setTimeout(() => endStreamsOf(revoked.id), answerMs).unref();
    if (Date.now() - this.#sweptAt > sweepIntervalMs) this.#sweep();
  }

  /** Forgets those that have expired, in storage too. */
  #sweep(): void {
    this.#sweptAt = Date.now();
    for (const [id, expiresAt] of this.#expiries) {
      if (expiresAt > this.#sweptAt) continue;
      this.#expiries.delete(id);
      // What is not deleted now is deleted by the next server that loads it.
      this.#backend.delete(keyOf(id, expiresAt), asServer).catch(() => {});
    }
  }
}

function keyOf(id: string, expiresAt: number): string {
  return `${prefix}${expiresAt}:${id}`;
}

function parseKey(key: string): { readonly id: string; readonly expiresAt: number } | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const [expiresAt = "", ...id] = key.slice(prefix.length).split(":");
  return { id: id.join(":"), expiresAt: Number(expiresAt) };
}

export function revokedSessions(): RevokedSessions {
  return processState("revoked-sessions", () => new RevokedSessions());
}
