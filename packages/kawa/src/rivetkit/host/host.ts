import { setTimeout as sleep } from "node:timers/promises";
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { type AnyActorDefinition, type Registry, setup } from "rivetkit";
import { configureDefaultLogger } from "rivetkit/log";
import { KawaError } from "../../core/errors/errors.ts";
import type { Backend } from "../../core/backend/backend.ts";
import { detached } from "../../core/process/detached.ts";
import { stopInlineStreams } from "../../core/streams/inline-streams.ts";
import { processState } from "../../core/process/process-state.ts";
import { refuseAtBuild } from "../../core/work/static-refusal.ts";
import { keepLoopbackDirect } from "../engine/direct-loopback.ts";
import { EmbeddedEngine } from "../engine/embedded-engine.ts";
import { EngineFolder } from "../engine/folder.ts";
import { accessOf, type EngineTarget } from "../settings/engine-target.ts";
import { shareSecretOf } from "../engine/ensure-secret.ts";
import { env } from "../settings/env.ts";
import { LiveDefinition } from "./live-definition.ts";
import { adoptedSettings, namedEngine } from "../settings/registry-settings.ts";
import type { Journals } from "../journal/actor-journal.ts";
import { shareSecret } from "../secret/shared-secret.ts";

/** Any RivetKit registry: `setup({ use: { … } })`. */
// RivetKit's own bound for "any actors".
export type AnyRegistry = Registry<Record<string, AnyActorDefinition>>;

type HostOptions = {
  /** Port of the embedded engine. @default {@link Host.defaultPort}, else a free one that `.rivet/` remembers */
  port?: number | undefined;
};

/** A runner waits for the engine's answer, which does not come when the engine hangs. */
const runnerStopTimeoutMs = 2_000;
/** Of a runner that was without an engine for so long that it has ended its actors. */
const goneRunnerTimeoutMs = 5_000;
/** Longest wait of the next runner for the one before: it needs about 15 ms for each actor. */
const runnerEndTimeoutMs = 15_000;

/** Tells threads that start later. */
const hostedByMain = "kawa.hosted-by-main";

/** The engine and the runner of this process: it hosts the actors of all registries that the app uses. */
class Host {
  readonly #definitions = new Map<string, LiveDefinition>();
  readonly #backends = new Set<Backend>();
  #started: Promise<EngineTarget> | undefined;
  #target: EngineTarget | undefined;
  #engine: EmbeddedEngine | undefined;
  #journals: Journals | undefined;
  #runner: AnyRegistry | undefined;
  #runnerWork: Promise<void> = Promise.resolve();
  /** The end of the runner before. */
  #ending: Promise<void> = Promise.resolve();
  #settings: ReturnType<typeof adoptedSettings> = {};
  /** Address of the engine in the settings of a registry. */
  #named: string | undefined;
  /** The newest actors could not be hosted: the next edit may mend it. */
  #hasFailed = false;
  #stopped = false;
  /** Port of the embedded engine for starts that ask for none, such as that of a first read. */
  defaultPort: number | undefined;

  /** Adds the actors of a registry. One that is known already, by its name, goes on with the newer code. */
  use({ config }: AnyRegistry): void {
    this.#settings = { ...this.#settings, ...adoptedSettings(config) };
    this.#named ??= namedEngine(config);
    let isNew = false;
    for (const [name, definition] of Object.entries(config.use)) {
      if (this.#definitions.get(name)?.replace(definition)) continue;
      this.#definitions.set(name, new LiveDefinition(definition));
      isNew = true;
    }
    if ((isNew && this.#runner) || this.#hasFailed) {
      this.#restartRunner().catch((error) => console.error("[kawa] The new actors could not be started:", error));
    }
  }

  /** Closes a backend when the host stops. */
  attach(backend: Backend): void {
    this.#backends.add(backend);
  }

  /** Starts what is needed to reach the actors, once; a failed start can be tried again. */
  async start(options: HostOptions = {}): Promise<EngineTarget> {
    refuseAtBuild("Actors were asked for");
    this.#started ??= this.#start(options).catch((error) => {
      this.#started = undefined;
      throw error;
    });
    return this.#started;
  }

  get isEmbedded(): boolean {
    return this.#remote === undefined;
  }

  /**
   * Where actors of this process keep their journals; undefined where others may open the store of the engine. An actor that is slow to end
   * or to start asks for it after the engine was stopped.
   */
  get journals(): Journals | undefined {
    return this.#journals;
  }

  /** In RivetKit's order. */
  get #remote(): string | undefined {
    return this.#named ?? env.endpoint;
  }

  /** Stops the streams, the backends, the runner, then the engine: in this order nothing has to be recovered at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#started?.catch(() => {});
    await this.#runnerWork.catch(() => {});
    await stopInlineStreams();
    await Promise.all([...this.#backends].map((backend) => backend.close()));
    this.#backends.clear();
    this.#ending = this.#runner?.shutdown().catch(() => {}) ?? this.#ending;
    await Promise.race([this.#ending, sleep(runnerStopTimeoutMs, undefined, { ref: false })]);
    this.#runner = undefined;
    await this.#engine?.stop();
    this.#engine = undefined;
    this.#started = undefined;
    this.#target = undefined;
    this.#stopped = false;
  }

  async #start(options: HostOptions): Promise<EngineTarget> {
    quietRivetKit();
    keepLoopbackDirect();
    this.#target = this.#remote === undefined ? await this.#startEmbedded(options) : this.#connectTo(this.#remote);
    await this.#restartRunner();
    return this.#target;
  }

  async #startEmbedded(options: HostOptions): Promise<EngineTarget> {
    const folder = EngineFolder.open(env.dataDir);
    shareSecretOf(folder);
    const port = options.port ?? this.defaultPort;
    // The runner waits for longer after each attempt, up to half a minute.
    const onReturn = (): void =>
      void this.#restartRunner(goneRunnerTimeoutMs).catch((error) =>
        console.error("[kawa] The actors could not be started again:", error),
      );
    this.#engine ??= await EmbeddedEngine.start({ folder, onReturn, ...(port === undefined ? {} : { port }) });
    this.#journals = this.#engine.journals;
    const { endpoint, namespace, adminToken: token } = this.#engine;
    return { endpoint, namespace, token };
  }

  #connectTo(endpoint: string): EngineTarget {
    if (!env.secret) {
      throw new KawaError(
        "SECRET_MISSING",
        `The engine runs elsewhere, so servers must share a secret. Set KAWA_SECRET on each of them to the same random text, such as the output of "openssl rand -hex 32".`,
      );
    }
    shareSecret(env.secret);
    this.#journals = undefined;
    return { endpoint, namespace: undefined, token: undefined };
  }

  #restartRunner(endTimeoutMs = runnerEndTimeoutMs): Promise<void> {
    const work = this.#runnerWork.catch(() => {}).then(() => this.#replaceRunner(endTimeoutMs));
    this.#runnerWork = work;
    return work;
  }

  /**
   * Of the threads of a process one hosts: the main one, else the one that runs the engine. RivetKit's native part is one for all of
   * them: with the thread that it answers it ends for the others too.
   */
  get #hostsActors(): boolean {
    if (env.isServerless) return false;
    if (isMainThread) return true;
    return this.#engine ? this.#engine.isOwn : getEnvironmentData(hostedByMain) !== true;
  }

  async #replaceRunner(endTimeoutMs: number): Promise<void> {
    if (this.#stopped || !this.#target || !this.#hostsActors) return;
    if (isMainThread) setEnvironmentData(hostedByMain, true);
    this.#ending = this.#runner?.shutdown().catch(() => {}) ?? this.#ending;
    this.#runner = undefined;
    // One with many actors may still be at it, and would be given those of the next.
    await Promise.race([this.#ending, sleep(endTimeoutMs, undefined, { ref: false })]);
    this.#hasFailed = false;
    const use = Object.fromEntries([...this.#definitions].map(([name, live]) => [name, live.definition]));
    const runner = setup({ ...runnerConfig(this.#target), ...this.#settings, use }) as AnyRegistry;
    try {
      await runner.startAndWait();
    } catch (cause) {
      this.#hasFailed = true;
      await runner.shutdown().catch(() => {});
      const { endpoint, namespace, token } = this.#target;
      const message = `The actors could not be hosted on ${endpoint}: ${reasonOf(cause)}`;
      throw new KawaError("BACKEND_UNAVAILABLE", withoutSecrets(message, [namespace, token]), { cause });
    }
    this.#runner = runner;
  }
}

/** Settings of a registry that Kawa runs itself. */
function runnerConfig(target: EngineTarget) {
  return {
    ...accessOf(target),
    startEngine: false,
    startServices: false,
    noWelcome: true,
    // RivetKit asks for a version, to drain the actors of older deployments; one server has no older one beside it.
    ...(target.namespace === undefined ? {} : { envoy: { version: 1 } }),
    logging: { level: "warn" as const },
    // The host stops the runner before the engine.
    shutdown: { disableSignalHandlers: true },
  };
}

/** RivetKit reports two failed queries at each regular end of an actor; everything else it reports stays. */
const quietLog = "error,rivetkit_core::actor::sqlite=off,rivetkit_core::actor::schedule=off";

/** Threads and child processes inherit what another one has set here. */
function quietRivetKit(): void {
  if (env.rivetLogLevel && env.rivetLogLevel !== quietLog) return;
  configureDefaultLogger("warn");
  env.rivetLogLevel = quietLog;
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

/** The one host of this process. It is made when the server starts, where nothing belongs to a request. */
export function host(): Host {
  return processState("host", () => detached(() => new Host()));
}
