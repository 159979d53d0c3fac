import fc from "fast-check";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { type RequestFate, RouteBrowser } from "../../../test/support/route-browsers.ts";
import { scenario, type Scenario } from "../../../test/support/scenario.ts";
import { UnluckyActor } from "../../../test/support/unlucky-actor.ts";
import { restoreRealTime, runFor, runUntil, startVirtualTime } from "../../../test/support/virtual-time.ts";
import type { Signal } from "../../core/signal.ts";
import { textOf } from "../../core/backend/entry.ts";
import { isKawaError } from "../../core/errors/errors.ts";
import { namespace } from "../../core/namespace.ts";
import { react } from "../../core/process/reactive.ts";
import { transaction } from "../../core/transaction.ts";
import type { Transaction } from "../../core/transaction-api.ts";
import { RivetBackend } from "../../rivetkit/replica/rivet-backend.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { clientRates } from "../limits/client-rates.ts";
import { writeOutcomes } from "../values/write-outcomes.ts";
import type { ValueRow } from "../../browser/value-protocol.ts";
import { createReactiveRoute } from "./reactive-route.ts";

let actor: UnluckyActor;

vi.mock("rivetkit/client", () => ({
  createClient: () => ({
    reactiveState: { getOrCreate: ([id]: [string]) => ({ webSocket: async () => actor.open(id) }) },
  }),
}));
vi.mock("../../rivetkit/host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));
vi.mock(
  "node:timers/promises",
  async () => (await import("../../../test/support/virtual-time.ts")).virtualTimersPromises,
);

const start = 100;
const count = 3;
const kinds = ["transfer", "transfer", "transfer", "commuting", "withdrawn", "overdrawn", "onServer"] as const;
type Move = {
  readonly kind: (typeof kinds)[number];
  readonly browser: 0 | 1 | 2;
  readonly from: number;
  readonly to: number;
  readonly pauseMs: number;
};

const move: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(...kinds),
  browser: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  from: fc.nat(count - 1),
  to: fc.nat(count - 1),
  pauseMs: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.constantFrom(1, 9, 60, 700) }),
});
const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant<RequestFate>("prompt") },
  { weight: 3, arbitrary: fc.constantFrom<RequestFate>("late", "lost", "answer lost") },
);

/** What the actor has stored: the sum of all accounts at each commit, and which transfers each of them holds. */
class Ledger {
  readonly violations: string[] = [];
  readonly seq = 0;
  readonly #stored = new Map<string, unknown>();

  record(seq: number, values: ReadonlyMap<string, unknown>): void {
    for (const [key, value] of values) this.#stored.set(key, value);
    const balances = Array.from({ length: count }, (_, n) => (this.#stored.get(`bank:${n}`) as number) ?? start);
    const sum = balances.reduce((all, balance) => all + balance, 0);
    if (sum !== count * start) this.violations.push(`after commit ${seq} the accounts hold ${sum}`);
    if (new Set(this.ids).size < this.ids.length) this.violations.push(`commit ${seq} holds one twice: ${this.ids}`);
  }

  get ids(): readonly string[] {
    return (this.#stored.get("bank:log") as string[] | undefined) ?? [];
  }
}

/** What the stream tells: one version of all that the page shows. */
function rowsOf(backend: RivetBackend): readonly ValueRow[] {
  const keys = ["log", ...Array.from({ length: count }, (_, n) => `${n}`)].map((name) => `bank:${name}`);
  const entries = keys.map((key) => backend.entry(key).peek());
  if (entries.some(({ state }) => state === "unknown")) return [];
  return entries.map((entry, at) => [keys[at]!, textOf(keys[at]!, entry), entry.seq, backend.version.epoch]);
}

type Played = { readonly moves: readonly Move[]; readonly fates: readonly RequestFate[]; readonly plan: Scenario };

async function play({ moves, fates, plan }: Played): Promise<string[]> {
  startVirtualTime();
  // The clock of each run begins anew.
  vi.spyOn(clientRates().addresses, "take").mockImplementation(() => {});
  const [leftFates, leftChances] = [[...fates], [...plan.chances]];
  const random = vi.spyOn(Math, "random").mockImplementation(() => leftChances.shift() ?? 0.5);
  const ledger = new Ledger();
  // A server that is started anew knows nothing of what it was asked before.
  const find = vi.spyOn(writeOutcomes(), "find");
  if (plan.hasShortMemory) find.mockReturnValue(undefined);
  const { frames, commits, isLocal, hasSmallMessages, hasJournal, hasShortMemory } = plan;
  // The answer to a conflict may be newer than what a server that has missed something tells of other keys.
  const isSmooth = frames.every((frame) => frame === "prompt") && commits.every((commit) => commit === "done");
  actor = new UnluckyActor(
    {
      frames,
      commits,
      hooks: () => ({}),
      local: isLocal ? "0" : undefined,
      hasSmallMessages,
      hasJournal,
      hasShortMemory,
    },
    ledger as never,
  );
  actor.start();
  const servers = ["0", "1"].map((actorId) => {
    const backend = new RivetBackend({ actorName: "reactiveState", actorId });
    const bank = namespace("bank", { backend });
    const accounts = Array.from({ length: count }, (_, n) => bank.signal(`${n}`, start, { expose: "write" }));
    const log = bank.signal<string[]>("log", [], { expose: "write" });
    const route = createReactiveRoute({ signals: { log, ...accounts }, maxRequestsPerSecond: 1_000_000 });
    return { backend, accounts, log, route };
  });
  const stops: (() => void)[] = [];
  const browsers = [0, 1, 2].map((n) => {
    const server = servers[n % 2]!;
    const browser = new RouteBrowser({
      route: server.route,
      fate: () => leftFates.shift() ?? "prompt",
      lateMs: 400,
    });
    const bank = browser.namespace("bank");
    const accounts = Array.from({ length: count }, (_, at) => bank.signal(`${at}`, start));
    const shown = { browser, accounts, log: bank.signal<string[]>("log", []), pending: 0, isFollowed: false };
    // One of them has no stream.
    if (n < 2) {
      server.backend.onChange(() => {
        const rows = rowsOf(server.backend);
        // What was read before is of as many versions as there were answers.
        void Promise.resolve(browser.backend.receive(rows)).then(() => (shown.isFollowed ||= rows.length > 0));
      });
    }
    const balanceOf = ({ key }: { readonly key: string }): number => {
      const entry = browser.backend.entry(key).value;
      return entry.state === "present" ? (entry.value as number) : start;
    };
    stops.push(
      react(() => {
        const sum = accounts.reduce((all, account) => all + balanceOf(account), 0);
        if (shown.isFollowed && (isSmooth || shown.pending === 0) && sum !== count * start)
          ledger.violations.push(`browser ${n} shows ${sum}`);
      }),
    );
    return shown;
  });
  for (const { backend, accounts, log } of servers)
    void backend.load([log.key, ...accounts.map(({ key }) => key)]).catch(() => {});
  const acknowledged: string[] = [];
  const refused: string[] = [];
  let pending = 0;
  const begin = ({ kind, browser: at, from, to }: Omit<Move, "pauseMs">, id: string): void => {
    const shown = browsers[at]!;
    const used = kind === "onServer" ? servers[at % 2]! : shown;
    const [one, other] = [used.accounts[from]!, used.accounts[to]!] as [Signal<number>, Signal<number>];
    const run = async (tx: Transaction): Promise<void> => {
      tx.append(used.log, id);
      if (kind === "commuting" || kind === "overdrawn") {
        const by = kind === "overdrawn" ? 10_000 : 1;
        tx.increment(one, -by, { min: -1_000 });
        tx.increment(other, by);
        return;
      }
      tx.set(one, (await tx.get(one)) - 1);
      tx.set(other, (await tx.get(other)) + 1);
      if (kind === "withdrawn") throw new Error("withdrawn");
    };
    pending += 1;
    shown.pending += 1;
    const work = kind === "onServer" ? transaction(run) : shown.browser.transaction(run);
    work
      .then(
        () => void acknowledged.push(id),
        (error: unknown) => {
          const isUnknown =
            isKawaError(error) && (error.code.startsWith("BACKEND_") || error.code === "WRITE_UNCONFIRMED");
          if (!isUnknown) refused.push(id);
          if (id.startsWith("last")) ledger.violations.push(`${id}: ${error}`);
        },
      )
      .finally(() => {
        pending -= 1;
        shown.pending -= 1;
      });
  };
  try {
    for (const [at, one] of moves.entries()) {
      if (one.pauseMs > 0) await runFor(one.pauseMs);
      begin(one, `t${at}`);
    }
    await runUntil(() => pending === 0, 300_000);
    actor.heal();
    leftFates.length = 0;
    await runFor(15_000);
    for (const browser of [0, 1, 2] as const) begin({ kind: "transfer", browser, from: 0, to: 1 }, `last${browser}`);
    await runUntil(() => pending === 0, 60_000);
    for (const id of acknowledged) if (!ledger.ids.includes(id)) ledger.violations.push(`${id} is lost`);
    for (const id of refused) if (ledger.ids.includes(id)) ledger.violations.push(`${id} was refused and is stored`);
  } catch (error) {
    ledger.violations.push(`${error}`);
  } finally {
    for (const stop of stops) stop();
    for (const { backend } of servers) void backend.close();
    actor.close();
    random.mockRestore();
    find.mockRestore();
    restoreRealTime();
  }
  return ledger.violations;
}

beforeAll(async () => {
  // It is loaded when it is needed, and virtual time does not wait for that.
  await import("../../browser/row-reader.ts");
  shareSecret("a secret of the test");
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it(
  "transfers of three browsers keep the sum at every commit and on every screen, and happen once, whatever is lost or late",
  { timeout: modelTimeout(60) },
  async () => {
    const played = fc.record<Played>({
      moves: fc.array(move, { minLength: 1, maxLength: 20, size: "max" }),
      fates: fc.array(fate, { maxLength: 60, size: "max" }),
      plan: fc.oneof(
        scenario,
        scenario.map((plan): Scenario => ({ ...plan, frames: [], commits: [] })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(played, async (given) => {
        expect(await play(given)).toEqual([]);
      }),
      { numRuns: modelRuns(60) },
    );
  },
);
