import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { scenario, type Scenario } from "../../../test/support/scenario.ts";
import { UnluckyActor } from "../../../test/support/unlucky-actor.ts";
import { restoreRealTime, runFor, runUntil, startVirtualTime } from "../../../test/support/virtual-time.ts";
import { isKawaError } from "../../core/errors/errors.ts";
import { namespace } from "../../core/namespace.ts";
import type { Signal } from "../../core/signal.ts";
import { transaction } from "../../core/transaction.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { RivetBackend } from "./rivet-backend.ts";

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

const accidents = ["cut", "sleep", "kill", "move"] as const;
type Move =
  | { readonly kind: (typeof accidents)[number]; readonly pauseMs: number }
  | ({ readonly kind: Kind; readonly pauseMs: number } & Accounts);
type Kind = "transfer" | "commuting" | "slow" | "withdrawn" | "overdrawn" | "set";
type Accounts = { readonly server: 0 | 1; readonly from: number; readonly to: number };

const pauseMs = fc.oneof(
  { weight: 10, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(1, 4, 9, 60) },
  { weight: 1, arbitrary: fc.constantFrom(3_100, 12_000) },
);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("transfer", "transfer", "transfer", "commuting", "slow", "withdrawn", "overdrawn", "set"),
      server: fc.constantFrom<0 | 1>(0, 1),
      from: fc.nat(2),
      to: fc.nat(2),
      pauseMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom(...accidents), pauseMs }) },
);

const start = 100;

/** What the actor has stored: the sum of all accounts at each commit, and which transfers each of them holds. */
class Ledger {
  readonly violations: string[] = [];
  readonly seq = 0;
  readonly #stored = new Map<string, unknown>();

  record(seq: number, values: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of values) this.#stored.set(key, value);
    const sum = [0, 1, 2].reduce((all, n) => all + ((this.#stored.get(`bank:${n}`) as number | undefined) ?? start), 0);
    if (sum !== 3 * start) this.violations.push(`after commit ${seq} the accounts hold ${sum}`);
    const ids = this.ids;
    if (new Set(ids).size < ids.length) this.violations.push(`commit ${seq} holds a transfer twice: ${ids}`);
  }

  get ids(): readonly string[] {
    return (this.#stored.get("bank:log") as string[] | undefined) ?? [];
  }
}

async function play(moves: readonly Move[], plan: Scenario, hasHooks: boolean): Promise<string[]> {
  startVirtualTime();
  const left = [...plan.chances];
  const random = vi.spyOn(Math, "random").mockImplementation(() => left.shift() ?? 0.5);
  const ledger = new Ledger();
  const delays = [...plan.hookDelays];
  const hooks: ReactiveStateActorHooks = {
    setSignal: async (_, params, next) => {
      const delayMs = delays.shift() ?? 0;
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return next(params);
    },
  };
  const { frames, commits, isLocal, hasSmallMessages, hasJournal, hasShortMemory } = plan;
  const local = isLocal ? "0" : undefined;
  actor = new UnluckyActor(
    { frames, commits, hooks: () => (hasHooks ? hooks : {}), local, hasSmallMessages, hasJournal, hasShortMemory },
    ledger as never,
  );
  actor.start();
  const backends = ["0", "1"].map((actorId) => new RivetBackend({ actorName: "reactiveState", actorId }));
  const banks = backends.map((backend) => namespace("bank", { backend }));
  const acknowledged: string[] = [];
  const refused: string[] = [];
  let pending = 0;
  const begin = (given: { readonly kind: Kind } & Accounts, id: string): void => {
    const bank = banks[given.server]!;
    const log = bank.signal<string[]>("log", []);
    const [from, to]: Signal<number>[] = [given.from, given.to].map((n) => bank.signal(`${n}`, start)) as never;
    pending += 1;
    const work =
      given.kind === "set"
        ? bank.signal(`other:${given.from}`, "").set(id)
        : transaction(async (tx) => {
            tx.append(log, id);
            if (given.kind === "commuting" || given.kind === "overdrawn") {
              tx.increment(from!, given.kind === "overdrawn" ? -10_000 : -1, { min: -1_000 });
              tx.increment(to!, given.kind === "overdrawn" ? 10_000 : 1);
              return;
            }
            tx.set(from!, (await tx.get(from!)) - 1);
            if (given.kind === "slow") await new Promise((resolve) => setTimeout(resolve, 3));
            tx.set(to!, (await tx.get(to!)) + 1);
            if (given.kind === "withdrawn") throw new Error("withdrawn");
          });
    work
      .then(
        () => given.kind !== "set" && acknowledged.push(id),
        (error: unknown) => {
          const isUnknown = isKawaError(error) && error.code.startsWith("BACKEND_");
          if (given.kind !== "set" && !isUnknown) refused.push(id);
        },
      )
      .finally(() => (pending -= 1));
  };
  try {
    for (const [at, one] of moves.entries()) {
      if (one.pauseMs > 0) await runFor(one.pauseMs);
      if (one.kind === "cut") actor.cutConnections();
      else if (one.kind === "sleep") void actor.sleep();
      else if (one.kind === "kill") actor.kill();
      else if (one.kind === "move") actor.move();
      else begin(one as { readonly kind: Kind } & Accounts, `t${at}`);
    }
    await runUntil(() => pending === 0, 90_000);
    actor.heal();
    await runFor(15_000);
    const before = ledger.ids;
    begin({ kind: "transfer", server: 0, from: 0, to: 1 }, "last");
    await runUntil(() => pending === 0, 60_000);
    if (!acknowledged.includes("last")) ledger.violations.push(`the last transfer failed, after ${before}`);
    for (const id of acknowledged) if (!ledger.ids.includes(id)) ledger.violations.push(`${id} is lost`);
    for (const id of refused) if (ledger.ids.includes(id)) ledger.violations.push(`${id} was refused and is stored`);
  } catch (error) {
    ledger.violations.push(`${error}`);
  } finally {
    for (const backend of backends) void backend.close();
    actor.close();
    random.mockRestore();
    restoreRealTime();
  }
  return ledger.violations;
}

const transfer = (server: number, pauseMs = 0, to = 0): unknown => ({ kind: "transfer", server, from: 0, to, pauseMs });

/** A group with two transactions is lost, and the commit after it has its number. */
const lostGroup = [
  [
    ...[transfer(0, 1), transfer(1), transfer(0, 3_100), transfer(0, 1), { kind: "cut", pauseMs: 0 }],
    ...[transfer(0, 1), transfer(1, 0, 1), transfer(0)],
  ],
  {
    frames: [],
    commits: ["done", "done", "done", "done", "done", "killed before"],
    hookDelays: [],
    chances: [0.25],
    isLocal: true,
    hasSmallMessages: false,
    hasJournal: false,
    hasShortMemory: false,
  },
];

describe.each([
  ["no hooks", false],
  ["hooks of writes", true],
])("transfers of two servers over an actor with %s", (_, hasHooks) => {
  beforeAll(() => {
    shareSecret("a secret of the test");
    vi.spyOn(console, "warn").mockImplementation(() => {});
    vi.spyOn(console, "error").mockImplementation(() => {});
  });
  afterAll(() => vi.restoreAllMocks());

  it(
    "keep the sum at every commit, and happen once, whatever is lost, late, restarted or refused",
    { timeout: modelTimeout(150) },
    async () => {
      const moves = fc.array(move, { minLength: 1, maxLength: 30, size: "max" });
      await fc.assert(
        fc.asyncProperty(moves, scenario, async (given, plan) => {
          expect(await play(given, plan, hasHooks)).toEqual([]);
        }),
        { numRuns: modelRuns(150), examples: [lostGroup as never] },
      );
    },
  );
});
