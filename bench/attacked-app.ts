import { setTimeout as sleep } from "node:timers/promises";
import type { AttackClientOperations, Answers } from "./attack-clients.ts";
import type { Attack } from "./attack.ts";
import { attackList } from "./attack-list.ts";
import type { Target } from "./attacker.ts";
import { actionId, BenchApp } from "./bench-app.ts";
import { cores, onCore } from "./cores.ts";
import { Forked } from "./forked.ts";
import type { HonestVisitorOperations, Samples } from "./honest-visitor.ts";
import { ask } from "./loopback.ts";

const honest = { writer: "127.0.1.1", reader: "127.0.1.2" };
const bench = "127.0.0.1";
const warmUpMs = 3_000;
const quietMs = 1_200;
const attackTimeoutMs = 6_000;
const defaultHoldMs = 3_000;
const restMs = 5_000;
const answerTimeoutMs = 5_000;
const restStepMs = 1_000;
/** Memory that has come back so far is waited for no longer. */
const restedShare = 1.05;
const routes = { route: "/api/reactive", signOutRoute: "/api/sign-out", valuePage: "/value", callPath: "/fragment" };
const plain = "/api/plain";

export type Phase = Samples & {
  /** CPU time that the app's process took, without its engine; not a number when it did not answer. */
  readonly cpuMs: number;
  readonly durationMs: number;
};

export type Outcome = {
  readonly quiet: Phase;
  readonly under: Phase;
  /** The same requests to a route that does nothing. */
  readonly baseline: Phase | undefined;
  /** Bytes in use after garbage collection; the peak counts garbage. Not a number when the app did not answer. */
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number };
  /** Values that the store holds. */
  readonly rows: { readonly before: number; readonly after: number };
  readonly answers: Answers;
  /** It answers no more, or too late. */
  readonly isHurt: boolean;
};

/** The app under `next start` on one core; its honest visitors and the attacker in processes of their own on another. */
export class AttackedApp {
  readonly #app: BenchApp;
  readonly #port: number;
  readonly #honest = new Forked<HonestVisitorOperations>("honest-visitor.ts");
  readonly #baselines = new Map<string, Phase>();
  readonly #attacker = new Forked<AttackClientOperations>("attack-clients.ts");

  private constructor(app: BenchApp) {
    this.#app = app;
    this.#port = Number(new URL(app.url).port);
  }

  static async start(dataDir: string): Promise<AttackedApp> {
    const startedBy = onCore(cores.server);
    const nodeArguments = ["--expose-gc"];
    const app = new AttackedApp(
      await BenchApp.start({ name: "attacked-app", dataDir, nodeArguments, startedBy, expectedScore: 0 }),
    );
    try {
      await app.#attacker.call("pin");
      await app.#honest.call("open", { port: app.#port, ...honest });
      await app.#honest.call("runFor", warmUpMs);
      await app.#figure("/api/peak");
      return app;
    } catch (error) {
      await app.stop();
      throw error;
    }
  }

  async play(attack: Attack): Promise<Outcome> {
    const index = attackList.indexOf(attack);
    const target: Target = {
      port: this.#port,
      ...routes,
      pushAction: actionId("attacked-app", "pushFragments"),
      refreshAction: actionId("attacked-app", "refreshRoute"),
      honestAddress: honest.writer,
      honestSessionId: await this.#honest.call("sessionId"),
    };
    await this.#attacker.call("prepare", index, target);
    const baseline = await this.#baselineOf(attack, target);
    const quiet = await this.#measure(() => this.#honest.call("runFor", quietMs));
    const before = { memory: await this.#figure("/api/memory"), rows: await this.#figure("/api/rows") };
    await this.#figure("/api/peak");
    const { phase: under, answers } = await this.#underAttack(attack, target);
    const peak = await this.#figure("/api/peak");
    const memory = await this.#rest(before.memory);
    const after = { memory, rows: Number.isNaN(memory) ? memory : await this.#figure("/api/rows") };
    const isHurt = Number.isNaN(after.rows);
    if (!isHurt) await this.#attacker.call("cleanUp", index, target);
    return {
      quiet,
      under,
      baseline,
      memory: { before: before.memory, peak, after: after.memory },
      rows: { before: before.rows, after: after.rows },
      answers,
      isHurt,
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#honest.stop(), this.#attacker.stop()]);
    await this.#app.stop();
  }

  async #baselineOf(attack: Attack, target: Target): Promise<Phase | undefined> {
    if (attack.baseline === undefined) return undefined;
    let phase = this.#baselines.get(attack.baseline);
    if (!phase) {
      const route = attack.baselineBytes === undefined ? plain : `${plain}/${attack.baselineBytes}`;
      ({ phase } = await this.#underAttack(attack, {
        ...target,
        route,
        signOutRoute: plain,
        callPath: plain,
        valuePage: "/bare-value",
      }));
      this.#baselines.set(attack.baseline, phase);
    }
    return phase;
  }

  /** Waits until memory has come back, or the time is over. Returns what is in use then. */
  async #rest(before: number): Promise<number> {
    const deadline = performance.now() + restMs;
    for (;;) {
      await sleep(restStepMs);
      const bytes = await this.#figure("/api/memory");
      // Who hangs does not come back by waiting.
      if (Number.isNaN(bytes) || bytes <= before * restedShare || performance.now() > deadline) return bytes;
    }
  }

  async #underAttack(attack: Attack, target: Target): Promise<{ phase: Phase; answers: Answers }> {
    const { holdMs = defaultHoldMs } = attack;
    let answers: Answers = { counts: {}, bytes: 0 };
    const phase = await this.#measure(async () => {
      await this.#honest.call("start");
      await Promise.all([
        this.#attacker.call("attack", attackList.indexOf(attack), target, Math.max(attackTimeoutMs, holdMs + 1_500)),
        sleep(holdMs),
      ]);
      answers = await this.#attacker.call("release");
      return this.#honest.call("stop");
    });
    return { phase, answers };
  }

  async #measure(run: () => Promise<Samples>): Promise<Phase> {
    const startedAt = performance.now();
    const before = await this.#figure("/api/cpu");
    const samples = await run();
    return { ...samples, cpuMs: (await this.#figure("/api/cpu")) - before, durationMs: performance.now() - startedAt };
  }

  /** A number that the app tells; not a number when it does not answer. */
  async #figure(path: string): Promise<number> {
    try {
      return Number((await ask({ port: this.#port, from: bench, path, timeoutMs: answerTimeoutMs })).text);
    } catch {
      return Number.NaN;
    }
  }
}
