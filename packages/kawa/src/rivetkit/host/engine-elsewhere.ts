import { KawaError } from "../../core/errors/errors.ts";
import { tuningProblem } from "../engine/engine-thresholds.ts";
import { prepareEngine, type WantedPool } from "../engine/remote-engine.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { codeVersion } from "../settings/code-version.ts";
import { type EngineTarget, type NamedEngine, remoteTarget } from "../settings/engine-target.ts";
import { env } from "../settings/env.ts";
import { type Hosting, hostingOf } from "../settings/hosting.ts";
import { namedEngine } from "../settings/registry-settings.ts";
import type { AnyRegistry } from "./runner.ts";
import { type PoolSettings, serverlessPool } from "../engine/serverless-pool.ts";

/** What is known of an engine that runs elsewhere, and of where the actors live. */
export class EngineElsewhere {
  /** The engine in the settings of a registry. */
  #named: NamedEngine | undefined;
  #pool: PoolSettings | undefined;
  #hosting: Hosting | undefined;
  #namedVersion: number | undefined;

  /** @throws {KawaError} OPTION_INVALID - `KAWA_HOSTING` is none of the three */
  get hosting(): Hosting {
    return hostingOf(this.#hosting);
  }

  /**
   * Version of the code of this process.
   *
   * @throws {KawaError} OPTION_INVALID - it is no whole number from 1 on
   */
  get version(): number {
    return codeVersion(this.#namedVersion);
  }

  /** True where this process uses no engine of its own. */
  get isUsed(): boolean {
    return this.#engine !== undefined || this.hosting !== "runner";
  }

  /**
   * Says where the actors live; without a word, it stays as it is.
   *
   * @throws {KawaError} OPTION_INVALID - it is none of the three, or another one was named before
   */
  setHosting(hosting: Hosting | undefined): void {
    if (hosting === undefined) return;
    hostingOf(hosting);
    if (this.#hosting !== undefined && this.#hosting !== hosting) {
      throw new KawaError(
        "OPTION_INVALID",
        `hosting is "${hosting}" here and was "${this.#hosting}" before; all backends of a process have the same.`,
      );
    }
    this.#hosting = hosting;
  }

  note(config: AnyRegistry["config"]): void {
    this.adoptPool(config);
    this.#namedVersion ??= config.envoy?.version;
    this.#named ??= namedEngine(config);
  }

  /**
   * Where the engine calls this app, Kawa configures the pool, with the proof that the mounted route asks for; RivetKit would leave it out.
   * Nor may RivetKit start a program of its own beside an engine on this machine.
   */
  adoptPool(config: AnyRegistry["config"]): void {
    if (this.hosting !== "serverless") return;
    config.startServices ??= false;
    // The engine asks for it, and ends what older functions host.
    config.envoy = { ...config.envoy, version: codeVersion(config.envoy?.version) };
    if (!config.configurePool) return;
    this.#pool = config.configurePool;
    delete config.configurePool;
  }

  /** Has the engine learn how it calls this app: it may know an older secret, or none. */
  async tellPool(): Promise<void> {
    const target = this.#target();
    await prepareEngine(target, serverlessPool(this.#pool, target));
  }

  /**
   * Makes sure that the engine can host and find the actors.
   *
   * @throws {KawaError} ENGINE_ENDPOINT_MISSING, ENGINE_UNREACHABLE, ENGINE_TOKEN_REFUSED, ENGINE_NAMESPACE_REFUSED, ENGINE_POOL_UNUSABLE,
   *   SECRET_MISSING, OPTION_INVALID - the setting that is missing or wrong
   */
  async prepare(): Promise<EngineTarget> {
    const target = this.#target();
    if (!env.secret) {
      throw new KawaError(
        "SECRET_MISSING",
        `The engine runs elsewhere, so servers must share a secret. Set KAWA_SECRET on each of them to the same random text, such as the output of "openssl rand -hex 32".`,
      );
    }
    shareSecret(env.secret);
    await prepareEngine(target, this.#wantedPool(target));
    // Functions end when they have answered.
    if (this.hosting !== "serverless") void tellTuning(target);
    return target;
  }

  /** The registry wins over the environment, as in RivetKit. */
  get #engine(): NamedEngine | undefined {
    return this.#named ?? (env.endpoint === undefined ? undefined : { address: env.endpoint });
  }

  #wantedPool(target: EngineTarget): WantedPool {
    const { hosting } = this;
    return hosting === "serverless" ? serverlessPool(this.#pool, target) : { hosting };
  }

  #target(): EngineTarget {
    if (this.#engine) return remoteTarget(this.#engine);
    const { hosting } = this;
    const endpoint = "RIVET_ENDPOINT (the address of your Rivet Engine)";
    const message =
      hosting === "serverless"
        ? `No process of a serverless platform lives long enough to run the engine or to host actors. Set three variables: ${endpoint}, ` +
          `KAWA_SECRET (a random text, such as the output of "openssl rand -hex 32") and KAWA_URL (the address of this app, which the engine calls).`
        : `This process hosts no actors (hosting "${hosting}"), so the engine runs elsewhere. Set ${endpoint}.`;
    throw new KawaError("ENGINE_ENDPOINT_MISSING", message, { data: { hosting } });
  }
}

async function tellTuning(target: EngineTarget): Promise<void> {
  const problem = await tuningProblem(target);
  if (problem) console.warn(`[kawa] ${problem.message}`);
}
