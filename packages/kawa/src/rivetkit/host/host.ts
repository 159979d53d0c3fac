import { getEnvironmentData, isMainThread } from "node:worker_threads";
import type { Backend } from "../../core/backend/backend.ts";
import { isKawaError, type KawaErrorCode } from "../../core/errors/errors.ts";
import { detached } from "../../core/process/detached.ts";
import { processState } from "../../core/process/process-state.ts";
import { stopInlineStreams } from "../../core/streams/inline-streams.ts";
import { refuseAtBuild } from "../../core/work/static-refusal.ts";
import { warnOfDeployedFolder } from "../engine/deployed-folder.ts";
import { keepLoopbackDirect } from "../engine/direct-loopback.ts";
import { EmbeddedEngine } from "../engine/embedded-engine.ts";
import { shareSecretOf } from "../engine/ensure-secret.ts";
import { EngineFolder } from "../engine/folder.ts";
import type { Journals } from "../journal/actor-journal.ts";
import { embeddedTarget, type EngineTarget } from "../settings/engine-target.ts";
import { env } from "../settings/env.ts";
import { adoptedSettings } from "../settings/registry-settings.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { EngineElsewhere } from "./engine-elsewhere.ts";
import { LiveDefinition } from "./live-definition.ts";
import { NewerBuild } from "./newer-build.ts";
import { quietRivetKit } from "./quiet-rivetkit.ts";
import { type AnyRegistry, type Hosted, hostedByMain, Runner } from "./runner.ts";
import { watchEngineElsewhere } from "./watch-engine-elsewhere.ts";

export type { AnyRegistry };

type HostOptions = {
  /** Port of the embedded engine. @default {@link Host.defaultPort}, else a free one that `.rivet/` remembers */
  port?: number | undefined;
};

/** Longest wait for a runner to end: it does not while its engine hangs. */
const runnerStopTimeoutMs = 2_000;
/** Longest wait for the end of a runner whose engine was gone: it has ended its actors already. */
const goneRunnerTimeoutMs = 5_000;
/** The same where the engine is elsewhere and was out of reach: what is under way waits for its own end. The next one must not meet it. */
const cutRunnerTimeoutMs = 60_000;
/** Longest wait of the next runner for the one before: it needs about 15 ms for each actor. */
const runnerEndTimeoutMs = 15_000;

/**
 *     stopped ── start() ──▶ starting ── the actors can be reached ──▶ running
 *        ▲                    ▲    └──── failed ── start() ──┐
 *        │                    └──────────────────────────────┘
 *        └── all has ended ── stopping ◀── stop(), from each of them
 */
type State =
  | { readonly name: "stopped" }
  | { readonly name: "starting" | "running"; readonly started: Promise<EngineTarget> }
  /** What was started stays for the next attempt. */
  | { readonly name: "failed"; readonly error: unknown }
  /** Callers that come meanwhile still get the engine that is being stopped. */
  | {
      readonly name: "stopping";
      readonly started: Promise<EngineTarget> | undefined;
      readonly stopped: Promise<void>;
    };

/** The engine and the runner of this process: it hosts the actors of all registries that the app uses. */
class Host {
  readonly elsewhere = new EngineElsewhere();
  readonly #definitions = new Map<string, LiveDefinition>();
  readonly #backends = new Set<Backend>();
  readonly #runner = new Runner();
  readonly #newerBuild: NewerBuild = new NewerBuild({
    version: () => this.elsewhere.version,
    hosts: () => hostedServices.size > 0,
  });
  #state: State = { name: "stopped" };
  #engine: EmbeddedEngine | undefined;
  /** Ends the watch over an engine elsewhere. */
  #watch: AbortController | undefined;
  /** Where the engine is, as soon as that is known. */
  #target: EngineTarget | undefined;
  #journals: Journals | undefined;
  #settings: ReturnType<typeof adoptedSettings> = {};
  /** Port of the embedded engine for starts that ask for none, such as that of a first read. */
  defaultPort: number | undefined;

  /** Adds the actors of a registry. One that is known already, by its name, goes on with the newer code. */
  use({ config }: AnyRegistry): void {
    this.elsewhere.note(config);
    this.#settings = { ...this.#settings, ...adoptedSettings(config) };
    const added: string[] = [];
    for (const [name, definition] of Object.entries(config.use)) {
      if (this.#definitions.get(name)?.replace(definition)) continue;
      this.#definitions.set(name, new LiveDefinition(definition));
      added.push(name);
    }
    const { name } = this.#runner;
    if (added.length > 0 && name === "running" && !env.isDevelopment) tellOfLateActors(added);
    // A start without any actors has started no runner: the first ones that come after it need one.
    if ((added.length > 0 && (name !== "none" || this.#target)) || name === "failed") {
      this.#replaceRunner().catch((error) => console.error("[kawa] The new actors could not be started:", error));
    }
  }

  /** Closes a backend when the host stops. */
  attach(backend: Backend): void {
    this.#backends.add(backend);
  }

  /** Starts what is needed to reach the actors, once; a failed start can be tried again. */
  async start(options: HostOptions = {}): Promise<EngineTarget> {
    refuseAtBuild("Actors were asked for");
    if (this.#state.name === "stopping" && !this.#state.started) await this.#state.stopped;
    return ("started" in this.#state ? this.#state.started : undefined) ?? this.#begin(options);
  }

  /** How far the start has come, and the code of the error with which it has failed. */
  get progress(): { readonly name: State["name"]; readonly code?: KawaErrorCode } {
    const { name } = this.#state;
    const code = "error" in this.#state && isKawaError(this.#state.error) ? this.#state.error.code : undefined;
    return code === undefined ? { name } : { name, code };
  }

  get isEmbedded(): boolean {
    return !this.elsewhere.isUsed;
  }

  /**
   * Where actors of this process keep their journals; undefined where others may open the store of the engine. An actor that is slow to end
   * or to start asks for it after the engine was stopped.
   */
  get journals(): Journals | undefined {
    return this.#journals;
  }

  /** Stops the streams, the backends, the runner, then the engine: in this order nothing has to be recovered at the next start. */
  stop(): Promise<void> {
    if (this.#state.name === "stopping") return this.#state.stopped;
    const started = "started" in this.#state ? this.#state.started : undefined;
    const stopped = this.#end(started).finally(() => {
      this.#engine = this.#target = undefined;
      this.#state = { name: "stopped" };
    });
    this.#state = { name: "stopping", started, stopped };
    return stopped;
  }

  #begin(options: HostOptions): Promise<EngineTarget> {
    const started = this.#start(options);
    this.#state = { name: "starting", started };
    const enter = (state: State): void => {
      if (this.#state.name === "starting") this.#state = state;
    };
    started.then(
      () => enter({ name: "running", started }),
      (error) => enter({ name: "failed", error }),
    );
    return started;
  }

  async #start(options: HostOptions): Promise<EngineTarget> {
    quietRivetKit();
    keepLoopbackDirect();
    const target = this.isEmbedded ? await this.#startEmbedded(options) : await this.#connect();
    this.#target = target;
    await this.#replaceRunner();
    return target;
  }

  async #end(started: Promise<EngineTarget> | undefined): Promise<void> {
    await started?.catch(() => {});
    await this.#runner.settle();
    await stopInlineStreams();
    await Promise.all([...this.#backends].map((backend) => backend.close()));
    this.#backends.clear();
    this.#watch?.abort();
    await this.#runner.end(runnerStopTimeoutMs);
    await this.#engine?.stop();
  }

  async #startEmbedded(options: HostOptions): Promise<EngineTarget> {
    const folder = EngineFolder.open(env.dataDir);
    warnOfDeployedFolder();
    shareSecretOf(folder);
    // The runner's own delay before an attempt grows up to half a minute.
    const onReturn = (isRunnerLost: boolean): void => {
      // A runner connects to the next engine by itself, and may be starting its actors there: ended now, they would be away for long.
      if (!isRunnerLost && this.#runner.name === "running") return;
      this.#startRunnerAgain(goneRunnerTimeoutMs);
    };
    this.#engine ??= await EmbeddedEngine.start({ folder, onReturn, port: options.port ?? this.defaultPort });
    this.#journals = this.#engine.journals;
    const { endpoint, namespace, adminToken: token } = this.#engine;
    return embeddedTarget({ endpoint, namespace, token });
  }

  async #connect(): Promise<EngineTarget> {
    this.#journals = undefined;
    const target = await this.elsewhere.prepare();
    this.#watch?.abort();
    const { signal } = (this.#watch = new AbortController());
    if (this.elsewhere.hosting === "runner")
      void watchEngineElsewhere(target, {
        onReturn: () => this.#startRunnerAgain(cutRunnerTimeoutMs),
        onHosts: (list) => this.#runner.name === "running" && this.#newerBuild.isHere(list) && this.#handOver(),
        signal,
      });
    return target;
  }

  /** The next runner is there for when the newer servers are gone. */
  #handOver(): void {
    console.warn("[kawa] A newer build runs beside this server, and takes over its actors.");
    this.#startRunnerAgain(runnerEndTimeoutMs);
  }

  #startRunnerAgain(endTimeoutMs: number): void {
    this.#replaceRunner(endTimeoutMs).catch((error) =>
      console.error("[kawa] The actors could not be started again:", error),
    );
  }

  #replaceRunner(endTimeoutMs = runnerEndTimeoutMs): Promise<void> {
    return this.#runner.replace(() => this.#hosted(), endTimeoutMs);
  }

  #hosted(): Hosted | undefined {
    if (this.#state.name === "stopping" || !this.#target || !this.#hostsActors) return undefined;
    const definitions = Object.fromEntries([...this.#definitions].map(([name, live]) => [name, live.definition]));
    const { isEmbedded } = this;
    // Beside an embedded engine nobody hands over.
    const version = isEmbedded ? 1 : this.elsewhere.version;
    return { target: this.#target, isEmbedded, version, definitions, settings: this.#settings };
  }

  /**
   * One thread of a process hosts the actors: the main one, else the one that runs the engine. All threads share RivetKit's native part:
   * when the thread that it answers ends, it ends for the others too. A process without actors, such as a command, hosts none of others.
   */
  get #hostsActors(): boolean {
    if (this.elsewhere.hosting !== "runner" || this.#definitions.size === 0) return false;
    if (isMainThread) return true;
    return this.#engine ? this.#engine.isOwn : getEnvironmentData(hostedByMain) !== true;
  }
}

function tellOfLateActors(names: readonly string[]): void {
  console.warn(
    `[kawa] The actors "${names.join('", "')}" were added to a server that runs. All its actors start again, and writes wait until they ` +
      `have started. Import the module that calls initReactiveBackend() in instrumentation.ts, before startKawa(), or before registry.start().`,
  );
}

/** The one host of this process. It is made when the server starts, where nothing belongs to a request. */
export function host(): Host {
  return processState("host", () => detached(() => new Host()));
}
