import { type Backend, globalBackend } from "../../core/backend/backend.ts";
import { homeOf } from "../../core/backend/home-of.ts";
import { effect } from "../../core/effect.ts";
import { serverKey } from "../../core/backend/key.ts";
import { memoryBackend } from "../../core/memory/memory-backend.ts";
import { processState } from "../../core/process/process-state.ts";
import { untracked } from "../../core/process/reactive.ts";

/** A session of one browser: each sign-in and sign-out of that browser is the next generation of the same chain. */
export type ChainedSession = { readonly id: string; readonly chain: string; readonly generation: number };

/** A session as servers check it. Those of the app's own login have no chain. */
export type CheckedSession = {
  readonly id: string;
  readonly chain?: string | undefined;
  readonly generation?: number | undefined;
};

/** Sessions of a browser that have ended: all below a generation. `id` is that of the last one. */
type EndedChain = { readonly lowest: number; readonly id: string; readonly until: number };

/** Most browsers whose sessions a server remembers. The streams of further ones end when their sessions expire. */
const maxMetChains = 50_000;

const sweepIntervalMs = 60 * 60 * 1000;

/** How long a revocation lasts beyond the last cookie: clocks differ, and a server may hear late of it. */
const revocationMarginMs = 60 * 60 * 1000;

const revokedPrefix = serverKey("revoked:");
const endedPrefix = serverKey("ended:");
/** Servers hear which keys change, also where hooks keep the values from them: so the key says everything. */
const asServer = { context: {} };

const listeners = processState("on-revoked", () => new Set<(sessionId: string) => void>());

/** Calls `listener` when a server hears that a session has ended before its time. */
export function onSessionRevoked(listener: (sessionId: string) => void): void {
  listeners.add(listener);
}

/**
 * Sessions that have ended before their time, as all servers of this app know them. They are kept for as long as a cookie of them
 * can live. A browser leaves one row, however often it signs in and out.
 */
export class RevokedSessions {
  /** When the last cookie of each session expires, by id. */
  readonly #untils = new Map<string, number>();
  readonly #chains = new Map<string, EndedChain>();
  /** The last session of each chain: who has opened a stream is known by an id alone. */
  readonly #endedIds = new Set<string>();
  /** The sessions of each browser that this server has met. Two sign-ins at once leave two of them, and each may have opened a stream. */
  readonly #met = new Map<string, Map<string, number>>();
  #backend!: Backend;
  #loaded: Promise<void> | undefined;
  #isKnown = false;
  #sweptAt = 0;

  /** @param backend - @default the global one */
  constructor(backend?: Backend) {
    if (backend) this.#follow(backend);
    else
      effect(() => {
        const followed = globalBackend.value ?? memoryBackend();
        return untracked(() => this.#follow(followed));
      });
  }

  /** True for a session that is known to be revoked; all of them are known after {@link load}. */
  has({ id, chain, generation = 0 }: CheckedSession): boolean {
    const ended = chain === undefined ? undefined : this.#chains.get(chain);
    return this.#untils.has(id) || this.#endedIds.has(id) || (ended !== undefined && generation < ended.lowest);
  }

  /** Remembers a session that may open a stream here: the stream ends with its chain. */
  meet({ id, chain, generation }: ChainedSession): void {
    // A first session is alone in its chain.
    if (generation === 0) return;
    const ofChain = this.#met.get(chain) ?? new Map<string, number>();
    this.#met.delete(chain);
    this.#met.set(chain, ofChain.set(id, generation));
    if (this.#met.size > maxMetChains) this.#met.delete(this.#met.keys().next().value!);
  }

  /** True while this server knows all revoked sessions, and hears of new ones. */
  get isCurrent(): boolean {
    return this.#isKnown && this.#backend.status === "connected";
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

  /** Resolves when it is durable that the session has ended. `until` is when the last cookie of it expires. */
  async revoke(id: string, until: number): Promise<void> {
    await this.#backend.set(revokedKey(id, Math.ceil(until) + revocationMarginMs), true, asServer);
  }

  /** As {@link revoke}, for this session and all earlier ones of its browser. */
  async end({ id, chain, generation }: ChainedSession, until: number): Promise<void> {
    const before = this.#chains.get(chain);
    // The row stands for the sessions before too, whose cookies may live longer.
    const ended = {
      lowest: generation + 1,
      id,
      until: Math.max(Math.ceil(until) + revocationMarginMs, before?.until ?? 0),
    };
    await this.#backend.set(endedKey(chain, ended), true, asServer);
    if (before && before.lowest < ended.lowest) this.#delete(endedKey(chain, before));
  }

  #follow(given: Backend): () => void {
    const backend = homeOf(given, revokedPrefix);
    this.#backend = backend;
    this.#isKnown = false;
    // A backend that is not connected yet reports it when it is: this starts nothing.
    if (backend.status === "connected") this.#loadSoon();
    return backend.onChange(({ keys }) => {
      for (const key of keys) this.#note(key);
      // No keys: the backend is connected for the first time, or has another history.
      if (keys.length === 0) this.#loadSoon();
    });
  }

  #loadSoon(): void {
    this.#loaded = this.#loadAnew();
    // A request that asks for a session is told of the failure.
    this.#loaded.catch(() => {});
  }

  #loadAnew(): Promise<void> {
    this.#isKnown = false;
    const loading = this.#load().catch((error: unknown) => {
      if (this.#loaded === loading) this.#loaded = undefined;
      throw error;
    });
    return loading;
  }

  async #load(): Promise<void> {
    const backend = this.#backend;
    const found = await Promise.all([revokedPrefix, endedPrefix].map((prefix) => backend.keys(prefix, asServer)));
    for (const key of found.flat()) this.#note(key);
    for (const key of found.flat()) if (!this.#isNeeded(key)) this.#delete(key);
    this.#sweep();
    if (backend === this.#backend) this.#isKnown = true;
  }

  /** A server hears of deleted keys too. They must not bring anything back. */
  #note(key: string): void {
    const now = Date.now();
    const revoked = parseRevoked(key);
    if (revoked && revoked.until > now && revoked.until > (this.#untils.get(revoked.id) ?? 0)) {
      const isNew = !this.#untils.has(revoked.id);
      this.#untils.set(revoked.id, revoked.until);
      if (isNew) tell(revoked.id);
    }
    const ended = parseEnded(key);
    if (ended && ended.until > now) {
      this.#noteChain(ended);
      for (const id of this.#endMet(ended).add(ended.id)) tell(id);
    }
    if ((revoked || ended) && now - this.#sweptAt > sweepIntervalMs) this.#sweep();
  }

  #endMet({ chain, lowest }: EndedChain & { readonly chain: string }): Set<string> {
    const ids = new Set<string>();
    const ofChain = this.#met.get(chain);
    for (const [id, generation] of ofChain ?? []) {
      if (generation < lowest && ofChain?.delete(id)) ids.add(id);
    }
    if (ofChain?.size === 0) this.#met.delete(chain);
    return ids;
  }

  /** Two servers may have written rows that do not know of each other. */
  #noteChain({ chain, ...row }: EndedChain & { readonly chain: string }): void {
    const known = this.#chains.get(chain);
    const { lowest, id } = known && known.lowest >= row.lowest ? known : row;
    if (known) this.#endedIds.delete(known.id);
    this.#endedIds.add(id);
    this.#chains.set(chain, { lowest, id, until: Math.max(row.until, known?.until ?? 0) });
  }

  /** False for a row that has expired, and for one that a later row stands for. */
  #isNeeded(key: string): boolean {
    const revoked = parseRevoked(key);
    if (revoked) return this.#untils.get(revoked.id) === revoked.until;
    const ended = parseEnded(key);
    if (!ended) return true;
    const { lowest, until } = this.#chains.get(ended.chain) ?? {};
    return ended.until > Date.now() && (ended.lowest === lowest || ended.until === until);
  }

  /** Forgets revocations that no cookie needs any more, in the storage too. */
  #sweep(): void {
    this.#sweptAt = Date.now();
    for (const [id, until] of this.#untils) {
      if (until > this.#sweptAt) continue;
      this.#untils.delete(id);
      this.#delete(revokedKey(id, until));
    }
    for (const [chain, ended] of this.#chains) {
      if (ended.until > this.#sweptAt) continue;
      this.#chains.delete(chain);
      this.#endedIds.delete(ended.id);
      this.#delete(endedKey(chain, ended));
    }
  }

  /** Where this fails, the next server that loads the row deletes it. */
  #delete(key: string): void {
    this.#backend.delete(key, asServer).catch(() => {});
  }
}

function tell(sessionId: string): void {
  for (const listener of listeners) listener(sessionId);
}

function revokedKey(id: string, until: number): string {
  return `${revokedPrefix}${until}:${id}`;
}

function endedKey(chain: string, { until, lowest, id }: EndedChain): string {
  return `${endedPrefix}${until}:${chain}:${lowest}:${id}`;
}

function parseRevoked(key: string): { readonly id: string; readonly until: number } | undefined {
  if (!key.startsWith(revokedPrefix)) return undefined;
  const [until = "", ...id] = key.slice(revokedPrefix.length).split(":");
  return { id: id.join(":"), until: Number(until) };
}

function parseEnded(key: string): (EndedChain & { readonly chain: string }) | undefined {
  if (!key.startsWith(endedPrefix)) return undefined;
  const [until = "", chain = "", lowest = "", id = ""] = key.slice(endedPrefix.length).split(":");
  return { until: Number(until), chain, lowest: Number(lowest), id };
}

export function revokedSessions(): RevokedSessions {
  return processState("revoked-sessions", () => new RevokedSessions());
}
