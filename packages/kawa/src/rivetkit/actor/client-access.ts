import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { Commit } from "./actor-actions.ts";
import type { ActorCalls } from "./actor-calls.ts";
import type { ActorSettings } from "../hooks/actor-settings.ts";
import type { Batch } from "../store/batch-group.ts";
import { actionNames } from "../hooks/client-params.ts";
import { checkChain, runInHook } from "../hooks/hook-chain.ts";
import { hooksOf, withHookedClient } from "../hooks/hooked-client.ts";
import { type ActionName, type HookContext, isCovered } from "../hooks/hooks.ts";
import type { HookChain, Write } from "../wire/protocol.ts";
import { refusal, toHookError } from "../wire/refusal.ts";
import type { SignalStore, Written } from "../store/signal-store.ts";

export type ClientAccessOptions = {
  readonly store: SignalStore;
  readonly calls: ActorCalls;
  readonly settings: () => ActorSettings;
  readonly commit: (batch: Batch) => Promise<Written>;
};

/** An action that a RivetKit client asks for. `chain` are the hooks that wait for it, where it is the client of a hook. */
export type Asked = { readonly name: ActionName; readonly params: object; readonly chain?: HookChain | undefined };

/** What RivetKit clients may do with an actor: what a hook decides about. */
export class ClientAccess {
  readonly #store: SignalStore;
  readonly #calls: ActorCalls;
  readonly #settings: ClientAccessOptions["settings"];
  readonly #commit: ClientAccessOptions["commit"];
  /** Clients that are connected, by connection. */
  readonly #admitted = new Map<string, Promise<void>>();

  constructor({ store, calls, settings, commit }: ClientAccessOptions) {
    this.#store = store;
    this.#calls = calls;
    this.#settings = settings;
    this.#commit = commit;
  }

  /**
   * Lets a client connect: asks the hooks once a connection, unless they refuse it.
   *
   * @throws {KawaError} UNAUTHORIZED - no hook decides about any action, so there is nothing for it to do
   */
  admit(c: HookContext): Promise<void> {
    const id = c.conn?.id ?? "";
    let admitted = this.#admitted.get(id);
    if (!admitted) {
      this.#admitted.set(id, (admitted = this.#admitNew(c)));
      admitted.catch(() => this.dismiss(id));
    }
    return admitted;
  }

  /** A client has gone. */
  dismiss(connectionId: string): void {
    this.#admitted.delete(connectionId);
  }

  /** Calls `onConnect` for a client or for a server of this app. */
  async onConnect(c: HookContext): Promise<void> {
    const { onConnect } = this.#calls.hooks;
    if (!onConnect) return;
    const before = hooksOf(c) ?? [];
    const call = { actorId: c.actorId, name: "onConnect", params: { key: [c.name, ...c.key].join("/") } } as const;
    try {
      checkChain(before, "onConnect", call);
      await runInHook({ hook: "onConnect", call, before }, () => onConnect(withHookedClient(c)));
    } catch (error) {
      throw refusal(error);
    }
  }

  /**
   * Performs an action for a client.
   *
   * @throws {KawaError} UNAUTHORIZED - no hook decides about this action
   */
  async perform(c: HookContext, { name, params, chain }: Asked): Promise<unknown> {
    if (!isCovered(this.#calls.hooks, name)) {
      throw new KawaError("UNAUTHORIZED", `${name} is closed to clients: no hook of the actor names it.`);
    }
    // Not only at the connection: a client can make its connection look like the socket of a server.
    if (c.conn) await this.admit(c);
    const commit: Commit = async (write) =>
      (await this.#commit({ number: 0, settled: 0, writes: [this.#asEphemeral(write)] })).rows;
    try {
      return await this.#calls.act({ c, name, params: this.#withPlainValue(params), commit, chain });
    } catch (error) {
      throw toldTo(chain, error);
    }
  }

  async #admitNew(c: HookContext): Promise<void> {
    if (!actionNames.some((name) => isCovered(this.#calls.hooks, name))) {
      throw new KawaError("UNAUTHORIZED", "This actor is closed to clients: it has no hooks.");
    }
    try {
      await this.onConnect(c);
    } catch (error) {
      throw toldTo(hooksOf(c), error);
    }
  }

  /** Hooks see what would be stored, and not what else the message of a client may hold. */
  #withPlainValue(params: object): object {
    if (!("value" in params)) return params;
    const name = "key" in params ? params.key : "scope" in params ? params.scope : "";
    return { ...params, value: decodeValue(encodeValue(String(name), params.value, this.#settings().maxValueBytes)) };
  }

  /** A client does not know which keys are ephemeral: a key that is ephemeral stays so when a client writes it. */
  #asEphemeral(write: Write): Write {
    const ttlMs = "text" in write ? this.#store.ephemeral.ttlMsOf(write.key) : undefined;
    return ttlMs === undefined ? write : { ...write, ttlMs };
  }
}

/** A client is not told what is wrong with the app; the hook that asks through one is. */
function toldTo(chain: HookChain | undefined, error: unknown): unknown {
  if (chain) return toHookError(error);
  if (isKawaError(error, "HOOK_LOOP")) console.error("[kawa]", error);
  return error;
}
