import { isMainThread, setEnvironmentData } from "node:worker_threads";
import { type AnyActorDefinition, type Registry, setup } from "rivetkit";
import { KawaError } from "../../core/errors/errors.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { EngineTarget } from "../settings/engine-target.ts";
import type { adoptedSettings } from "../settings/registry-settings.ts";
import { hostedServices } from "../wire/hosted-services.ts";

/** Any RivetKit registry: `setup({ use: { … } })`. */
// RivetKit's own bound for "any actors".
export type AnyRegistry = Registry<Record<string, AnyActorDefinition>>;

/** What a runner hosts, and where. */
export type Hosted = {
  readonly target: EngineTarget;
  readonly isEmbedded: boolean;
  /** Version of the code: the engine starts actors only where it is the highest. */
  readonly version: number;
  readonly definitions: Readonly<Record<string, AnyActorDefinition>>;
  readonly settings: ReturnType<typeof adoptedSettings>;
};

/**
 *     none ────▶ starting ── it serves ────────▶ running
 *                 ▲  └────── it could not ─────▶ failed
 *                 └───────── replace ──── running, failed
 *
 *     none: at first, and after end()
 */
type State =
  | { readonly name: "none" }
  | { readonly name: "starting" }
  | { readonly name: "running"; readonly registry: AnyRegistry }
  /** The newest actors could not be hosted: the next edit may mend it. */
  | { readonly name: "failed" };

/** Tells threads that start later that the main one hosts the actors. */
export const hostedByMain = "kawa.hosted-by-main";

/** RivetKit's runner of this process, which hosts the actors. Another one takes its place when there are other actors. */
export class Runner {
  #state: State = { name: "none" };
  /** The last replacement: they run one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** The end of the runner before. */
  #ending: Promise<void> = Promise.resolve();

  get name(): State["name"] {
    return this.#state.name;
  }

  /**
   * Ends the runner and starts another one when it has ended, or after `endTimeoutMs`.
   *
   * @param hosted asked when its turn comes; undefined where nothing is to be hosted any more
   * @throws {KawaError} BACKEND_UNAVAILABLE - the actors cannot be hosted
   */
  replace(hosted: () => Hosted | undefined, endTimeoutMs: number): Promise<void> {
    const work = this.#work.catch(() => {}).then(() => this.#replace(hosted, endTimeoutMs));
    this.#work = work;
    return work;
  }

  /** Waits for the replacements that have begun. */
  async settle(): Promise<void> {
    await this.#work.catch(() => {});
  }

  /** Resolves when the runner has ended, and after `timeoutMs` in any case: it waits for an answer of the engine, which may hang. */
  async end(timeoutMs: number): Promise<void> {
    if (this.#state.name === "running") this.#ending = this.#state.registry.shutdown().catch(() => {});
    this.#state = { name: "none" };
    await withTimeout(this.#ending, timeoutMs, () => {});
  }

  async #replace(hosted: () => Hosted | undefined, endTimeoutMs: number): Promise<void> {
    if (!hosted()) return;
    if (isMainThread) setEnvironmentData(hostedByMain, true);
    // The engine would give actors of the next runner to one that is still ending.
    await this.end(endTimeoutMs);
    // Without a way to its engine a runner does not end, and neither do its actors, which are started elsewhere meanwhile.
    hostedServices.clear();
    const next = hosted();
    if (!next) return;
    this.#state = { name: "starting" };
    try {
      this.#state = { name: "running", registry: await startRunner(next) };
    } catch (error) {
      this.#state = { name: "failed" };
      throw error;
    }
  }
}

async function startRunner({ target, isEmbedded, version, definitions, settings }: Hosted): Promise<AnyRegistry> {
  const runner = setup({ ...runnerConfig(target, version), ...settings, use: { ...definitions } }) as AnyRegistry;
  try {
    await runner.startAndWait();
    return runner;
  } catch (cause) {
    await runner.shutdown().catch(() => {});
    const { endpoint, namespace, token } = target;
    const message = `The actors could not be hosted on ${endpoint}: ${reasonOf(cause)}`;
    throw new KawaError("BACKEND_UNAVAILABLE", withoutSecrets(message, [isEmbedded ? namespace : undefined, token]), {
      cause,
    });
  }
}

/** Settings of a registry that Kawa runs itself. */
function runnerConfig({ endpoint, namespace, token, pool }: EngineTarget, version: number) {
  return {
    endpoint,
    namespace,
    ...(token === undefined ? {} : { token }),
    envoy: { poolName: pool, version },
    startEngine: false,
    startServices: false,
    noWelcome: true,
    logging: { level: "warn" as const },
    // The host stops the runner before the engine.
    shutdown: { disableSignalHandlers: true },
  };
}

/** RivetKit's native part puts an error as JSON into the message. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
}

/** An address may carry a token in its user part. */
function withoutSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  const withoutUser = text.replace(/\/\/[^@/]*@/g, "//");
  return secrets.reduce<string>((rest, secret) => (secret ? rest.replaceAll(secret, "…") : rest), withoutUser);
}
