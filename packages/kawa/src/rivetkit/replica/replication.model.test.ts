import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { CheckedWriter } from "../../../test/support/checked-writer.ts";
import { CommitHistory } from "../../../test/support/commit-history.ts";
import { type Mode, rareScenarios, type Scenario, scenario } from "../../../test/support/scenario.ts";
import { UnluckyActor } from "../../../test/support/unlucky-actor.ts";
import { runFor, runUntil, restoreRealTime, startVirtualTime } from "../../../test/support/virtual-time.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: UnluckyActor;

vi.mock("rivetkit/client", () => ({
  createClient: () => ({
    reactiveState: { getOrCreate: ([id]: [string]) => ({ webSocket: async () => actor.open(id) }) },
  }),
}));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));
vi.mock(
  "node:timers/promises",
  async () => (await import("../../../test/support/virtual-time.ts")).virtualTimersPromises,
);

/** Hooks that let everything pass, some of it late. Each incarnation asks for its own. */
function createHooks(mode: Mode, delays: readonly number[]): () => ReactiveStateActorHooks {
  const left = [...delays];
  const pass = async <P, R>(_: unknown, params: P, next: (params: P) => Promise<R>): Promise<R> => {
    const delayMs = left.shift() ?? 0;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    return next(params);
  };
  // As a hook that logs what fails and says nothing.
  const swallow = <P, R>(_: unknown, params: P, next: (params: P) => Promise<R>): Promise<R> =>
    pass(_, params, next).catch(() => undefined as R);
  const ofWrites = { setSignal: swallow, deleteSignal: swallow, clear: swallow };
  let count = 0;
  return () => {
    count += 1;
    if (mode === "no hooks" || (mode === "hooks that come and go" && count % 2 === 1)) return {};
    return mode === "hooks of everything" ? { beforeAction: pass } : ofWrites;
  };
}

/** Plays a scenario to its end, and gives what was wrong. */
async function play(
  { steps, frames, commits, hookDelays, chances, isLocal, hasSmallMessages, hasJournal, hasShortMemory }: Scenario,
  mode: Mode,
): Promise<string[]> {
  startVirtualTime();
  const left = [...chances];
  const random = vi.spyOn(Math, "random").mockImplementation(() => left.shift() ?? 0.5);
  const history = new CommitHistory();
  const hooks = createHooks(mode, hookDelays);
  actor = new UnluckyActor(
    { frames, commits, hooks, local: isLocal ? "0" : undefined, hasSmallMessages, hasJournal, hasShortMemory },
    history,
  );
  actor.start();
  const writers = [new CheckedWriter("0", history, mode), new CheckedWriter("1", history, mode)] as const;
  for (const { backend } of writers) backend.load([]).catch(() => {});
  const checkVersions = (): void => writers.forEach((writer) => writer.checkVersion());
  try {
    for (const step of steps) {
      if (step.pauseMs > 0) await runFor(step.pauseMs, checkVersions);
      if (step.kind === "cut") actor.cutConnections();
      else if (step.kind === "sleep") void actor.sleep();
      else if (step.kind === "kill") actor.kill();
      else if (step.kind === "move") actor.move();
      else writers[step.writer].do(step);
    }
    await runUntil(() => writers.every(({ pendingCount }) => pendingCount === 0), 60_000, checkVersions);
    actor.heal();
    // A commit in doubt is settled by the next write.
    writers[0].do({ kind: "set", writer: 0, key: "own:0", pauseMs: 0 });
    await runFor(40_000, checkVersions);
    let isChecked = false;
    const check = Promise.all(writers.map((writer) => writer.checkEnd())).finally(() => (isChecked = true));
    await runUntil(() => isChecked, 30_000);
    await check;
  } catch (error) {
    history.violations.push(`${error}`);
  } finally {
    for (const { backend } of writers) void backend.close();
    actor.close();
    random.mockRestore();
    restoreRealTime();
  }
  return [...history.violations, ...writers.flatMap(({ violations }) => violations)];
}

describe.each<Mode>(["no hooks", "hooks of writes", "hooks of everything", "hooks that come and go"])(
  "two servers and an actor with %s",
  (mode) => {
    beforeAll(() => {
      shareSecret("a secret of the test");
      vi.spyOn(console, "warn").mockImplementation(() => {});
      vi.spyOn(console, "error").mockImplementation(() => {});
    });
    afterAll(() => vi.restoreAllMocks());

    it(
      "agree with the actor, whatever is lost, late, restarted or refused",
      { timeout: modelTimeout(150) },
      async () => {
        await fc.assert(
          fc.asyncProperty(scenario, async (given) => {
            expect(await play(given, mode)).toEqual([]);
          }),
          { numRuns: modelRuns(150), examples: rareScenarios.map((rare) => [rare]) },
        );
      },
    );
  },
);
