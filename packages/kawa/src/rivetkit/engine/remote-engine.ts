import { setTimeout as sleep } from "node:timers/promises";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { askEngine } from "./ask-engine.ts";
import type { EngineTarget } from "../settings/engine-target.ts";
import type { Hosting } from "../settings/hosting.ts";

/** Longest time until a wrong setting is told, in milliseconds. */
const patienceMs = 4_500;
/** An engine that starts together with this server has this long, in milliseconds. */
const reachMs = 4_000;
const retryMs = 200;

/** How the engine starts actors of a pool. */
type PoolConfig =
  | { readonly normal: Readonly<Record<string, unknown>> }
  | { readonly serverless: ServerlessConfig; readonly [more: string]: unknown };

/** Where the engine calls to have actors started, in the engine's own words. */
export type ServerlessConfig = Readonly<Record<string, unknown>> & {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
};

export type WantedPool =
  | { readonly hosting: "runner" | "none" }
  | {
      readonly hosting: "serverless";
      readonly config: PoolConfig;
      /** True where the engine has been told the same already. */
      readonly isTold: (config: ServerlessConfig) => boolean;
    };

type Configs = Readonly<Record<string, Partial<Record<"normal" | "serverless", ServerlessConfig>>>>;

/**
 * Makes sure that an engine elsewhere can host and find the actors of this app: it is reached, takes the token, has the namespace, and knows
 * how the actors of the pool are hosted. What is missing is made. RivetKit does so only for an engine on this machine.
 *
 * @throws {KawaError} ENGINE_UNREACHABLE, ENGINE_TOKEN_REFUSED, ENGINE_NAMESPACE_REFUSED, ENGINE_POOL_UNUSABLE - the setting that is wrong
 * @throws {KawaError} BACKEND_UNAVAILABLE - the engine cannot do it at this moment
 */
export async function prepareEngine(target: EngineTarget, wanted: WantedPool): Promise<void> {
  const engine = new RemoteEngine(target);
  await engine.whenReached();
  await engine.makePool(wanted, (await engine.pool()) ?? (await engine.makeNamespace()));
}

/** One conversation with an engine, of at most {@link patienceMs}. */
class RemoteEngine {
  readonly #target: EngineTarget;
  readonly #end: number = performance.now() + patienceMs;

  constructor(target: EngineTarget) {
    this.#target = target;
  }

  async whenReached(): Promise<void> {
    const last = performance.now() + reachMs;
    for (;;) {
      try {
        return await this.#reach(last - performance.now());
      } catch (error) {
        if (isKawaError(error) || performance.now() + retryMs > last) throw this.#unreachable(error);
        await sleep(retryMs);
      }
    }
  }

  async #reach(timeoutMs: number): Promise<void> {
    const response = await fetch(`${this.#target.endpoint}/metadata`, { signal: signalIn(timeoutMs) });
    const told: unknown = await response.json().catch(() => undefined);
    if ((told as { runtime?: unknown } | undefined)?.runtime !== "engine")
      throw new KawaError("ENGINE_UNREACHABLE", `Something else answers there (${response.status})`);
  }

  #unreachable(cause: unknown): KawaError {
    const { endpoint } = this.#target;
    const reason = isKawaError(cause) ? "what answers there is none" : reasonOf(cause);
    return new KawaError(
      "ENGINE_UNREACHABLE",
      `No Rivet Engine answers at ${endpoint}: ${reason}. RIVET_ENDPOINT, or the endpoint of setup(), has to be its address as this server reaches it.`,
      { cause, data: { endpoint } },
    );
  }

  /** The pool as the engine knows it, by data centers; undefined where there is no such namespace. */
  async pool(): Promise<Configs | undefined> {
    const { namespace, pool } = this.#target;
    const query = new URLSearchParams({ namespace, runner_name: pool });
    const response = await this.#call(`/runner-configs?${query}`);
    if (!response.ok) {
      const problem = await this.#refusalOf(response, "tell the configuration of the pool");
      if (problem.data["code"] === "namespace.not_found") return undefined;
      throw problem;
    }
    const { runner_configs: configs } = (await response.json()) as {
      runner_configs: Readonly<Record<string, { readonly datacenters: Configs } | undefined>>;
    };
    return configs[pool]?.datacenters ?? {};
  }

  async makeNamespace(): Promise<Configs> {
    const { endpoint, namespace: name } = this.#target;
    const response = await this.#call("/namespaces", { name, display_name: name });
    const problem = response.ok ? undefined : await this.#refusalOf(response, "make the namespace");
    // Another server may have made it at the same moment.
    while (!problem || problem.data["code"] === "namespace.name_not_unique") {
      const made = await this.pool();
      if (!made) await sleep(retryMs);
      else {
        console.warn(
          `[kawa] The engine at ${endpoint} had no namespace "${clip(name)}". It has one now, without values. ` +
            `If there should have been some, RIVET_NAMESPACE or the address names the wrong one.`,
        );
        return made;
      }
    }
    throw new KawaError(
      "ENGINE_NAMESPACE_REFUSED",
      `The engine at ${endpoint} has no namespace "${clip(name)}" and makes none. Set RIVET_NAMESPACE to one that it has.`,
      { cause: problem, data: { namespace: clip(name) } },
    );
  }

  async makePool(wanted: WantedPool, found: Configs): Promise<void> {
    const configs = Object.values(found);
    if (wanted.hosting === "serverless") {
      const { config, isTold } = wanted;
      const knows = configs.length > 0 && configs.every(({ serverless }) => serverless && isTold(serverless));
      if (!knows) await this.#putPool(config);
      return;
    }
    const { hosting } = wanted;
    if (hosting === "runner" && configs.some(({ serverless }) => serverless)) throw this.#unusable("runner");
    if (configs.length > 0) return;
    if (hosting === "none") throw this.#unusable("none");
    await this.#putPool({ normal: {} });
  }

  #unusable(hosting: Exclude<Hosting, "serverless">): KawaError {
    const { endpoint, pool } = this.#target;
    const why =
      hosting === "runner"
        ? `is one whose actors the engine starts by a request (serverless), and this server hosts actors itself. ` +
          `Give this app another RIVET_POOL, set KAWA_HOSTING, or delete the pool's configuration in the engine.`
        : `is not known there: no server hosts actors in it. Start one that does (KAWA_HOSTING=runner), with the same RIVET_POOL.`;
    const message = `The pool "${clip(pool)}" of the engine at ${endpoint} ${why}`;
    return new KawaError("ENGINE_POOL_UNUSABLE", message, { data: { pool: clip(pool), hosting } });
  }

  async #putPool(config: PoolConfig): Promise<void> {
    const { namespace, pool } = this.#target;
    const found = await this.#call("/datacenters");
    if (!found.ok) throw await this.#refusalOf(found, "list its data centers");
    const { datacenters } = (await found.json()) as { datacenters: readonly { readonly name: string }[] };
    const path = `/runner-configs/${encodeURIComponent(pool)}?${new URLSearchParams({ namespace })}`;
    const body = { datacenters: Object.fromEntries(datacenters.map(({ name }) => [name, config])) };
    const response = await this.#call(path, body, "PUT");
    if (response.ok) return void (await response.body?.cancel());
    const cause = await this.#refusalOf(response, "configure the pool");
    const message = `The engine at ${this.#target.endpoint} takes no pool "${clip(pool)}" (RIVET_POOL).`;
    throw new KawaError("ENGINE_POOL_UNUSABLE", message, { cause, data: { pool: clip(pool) } });
  }

  async #call(path: string, body?: object, method = body ? "POST" : "GET"): Promise<Response> {
    try {
      return await askEngine(this.#target, path, { method, body, signal: signalIn(this.#end - performance.now()) });
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #refusalOf(response: Response, what: string): Promise<KawaError> {
    const { endpoint, token } = this.#target;
    const body = await response.text();
    if (response.status !== 401 && response.status !== 403) {
      const [, group, code] = /"group":"(\w+)","code":"(\w+)"/.exec(body) ?? [];
      const message = `The engine refused to ${what}: ${response.status} ${clip(body)}`;
      return new KawaError("BACKEND_UNAVAILABLE", message, { data: { code: `${group}.${code}` } });
    }
    const given = token === undefined ? "asks for a token, and there is none" : "refuses the token";
    return new KawaError(
      "ENGINE_TOKEN_REFUSED",
      `The engine at ${endpoint} ${given}. Set RIVET_TOKEN to the token of that engine (RIVET__AUTH__ADMIN_TOKEN there).`,
    );
  }
}

function signalIn(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.max(1, Math.ceil(ms)));
}

function reasonOf(error: unknown): string {
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: { code?: unknown; message?: unknown } };
  return name === "TimeoutError" ? "nothing comes back" : clip(cause?.code ?? cause?.message ?? error);
}
