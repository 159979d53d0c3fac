import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "rivetkit";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { namespace, transaction } from "../../src/index.ts";
import { createReactiveRoute } from "../../src/next/route/reactive-route.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import {
  createReactiveStateActor,
  initReactiveBackend,
  reactiveStateActor,
  withContext,
} from "../../src/rivetkit/index.ts";
import { codeOf } from "../support/caught.ts";
import { type RequestFate, RouteBrowser } from "../support/route-browsers.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-browser-transactions-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

type Who = { readonly userId?: string };
/** Each write that a hook has let pass, with who has made it. */
const passed: string[] = [];

const registry = setup({
  use: {
    reactiveState: reactiveStateActor,
    /** Everybody sees and writes what has their name or none; of what others hide, the hook says nothing or refuses. */
    guarded: createReactiveStateActor<Who>({
      getSignal: async (_, params, next) => {
        if (params.key.includes("refused") && params.userId !== "ada") throw new Error("Not yours.");
        return params.key.includes("hidden") && params.userId !== "ada" ? undefined : next(params);
      },
      setSignal: async (_, params, next) => {
        if (params.key.endsWith(":frozen")) throw new Error("Nobody writes this.");
        const result = await next(params);
        passed.push(`${params.userId} ${params.key}`);
        return result;
      },
    }),
    /** Of writes, a hook decides about deletions alone. */
    uncovered: createReactiveStateActor<Who>({ deleteSignal: (_, params, next) => next(params) }),
  },
});
const backends = Object.fromEntries(
  ["reactiveState", "guarded", "uncovered"].map((actorName) => [
    actorName,
    initReactiveBackend({ registry, actorName, global: false }),
  ]),
);
const bankOf = (actorName: string) =>
  namespace(actorName, { backend: backends[actorName]! }).family(
    (name: string) => ({ key: `accounts:${name}`, default: 100 }),
    { expose: "write" },
  );
const banks = { open: bankOf("reactiveState"), guarded: bankOf("guarded"), uncovered: bankOf("uncovered") };
const route = createReactiveRoute({ signals: banks, maxRequestsPerSecond: 100_000 });

/** A browser, and the accounts as it has them. */
function browserOf(actorName: string, { userId, fates = [] }: Who & { readonly fates?: RequestFate[] } = {}) {
  const browser = new RouteBrowser({
    route,
    as: (fn) => withContext(userId === undefined ? {} : { userId }, fn),
    fate: () => fates.shift() ?? "prompt",
  });
  const accounts = browser.namespace(actorName).family((name: string) => ({ key: `accounts:${name}`, default: 100 }));
  const transfer = (from: string, to: string, amount: number): Promise<void> =>
    browser.transaction(async (tx) => {
      const [before, after] = [await tx.get(accounts(from)), await tx.get(accounts(to))];
      tx.set(accounts(from), before - amount);
      tx.set(accounts(to), after + amount);
    });
  return { browser, accounts, transfer };
}

beforeAll(() => host().start());
afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});
afterEach(() => {
  passed.length = 0;
  vi.unstubAllGlobals();
});

describe("transactions of browsers over an actor", () => {
  it("keep the sum while two browsers and a server transfer at once", async () => {
    const bank = banks.open;
    const sums = new Set<number>();
    const stop = backends["reactiveState"]!.onChange(() => sums.add(bank("a").peek() + bank("b").peek()));
    await Promise.all([bank("a").set(100), bank("b").set(100)]);
    const [one, other] = [browserOf("reactiveState"), browserOf("reactiveState")];
    const onServer = (): Promise<void> =>
      transaction(async (tx) => {
        tx.set(bank("b"), (await tx.get(bank("b"))) - 1);
        tx.increment(bank("a"), 1);
      });
    const done = await Promise.allSettled(
      Array.from({ length: 10 }, () => [one.transfer("a", "b", 3), other.transfer("a", "b", 2), onServer()]).flat(),
    );
    stop();
    expect(done.filter(({ status }) => status === "rejected")).toEqual([]);
    expect([await bank("a").get(), await bank("b").get()]).toEqual([60, 140]);
    expect([...sums]).toEqual([200]);
    for (const { accounts } of [one, other]) expect(accounts("a").peek() + accounts("b").peek()).toBe(200);
  });

  it.each<[what: string, fates: RequestFate[], requests: number]>([
    ["the request", ["prompt", "prompt", "lost"], 2],
    ["its answer", ["prompt", "prompt", "answer lost"], 2],
  ])("is made once where %s is lost", async (what, fates, requests) => {
    const name = what.replaceAll(" ", "-");
    const { browser, transfer } = browserOf("reactiveState", { fates });
    await transfer(name, `${name}-to`, 10);
    expect([await banks.open(name).get(), await banks.open(`${name}-to`).get()]).toEqual([90, 110]);
    expect(browser.sent).toHaveLength(requests);
  });
});

describe("behind hooks, a transaction of a browser", () => {
  it("passes them write by write, as who looks, and is made whole or not at all", async () => {
    const { browser, accounts, transfer } = browserOf("guarded", { userId: "bob" });
    await transfer("x", "y", 10);
    expect(passed).toEqual(["bob guarded:accounts:x", "bob guarded:accounts:y"]);
    expect([accounts("x").peek(), accounts("y").peek()]).toEqual([90, 110]);
    expect(await codeOf(() => transfer("x", "frozen", 10))).toBe("ACTION_REFUSED");
    expect([accounts("x").peek(), accounts("frozen").peek()]).toEqual([90, 100]);
    expect(await withContext({ userId: "ada" }, () => banks.guarded("x").get())).toBe(90);
    expect(browser.sent).toHaveLength(2);
  });

  it("is refused where no hook decides about it", async () => {
    const { transfer } = browserOf("uncovered");
    expect(await codeOf(() => transfer("x", "y", 1))).toBe("ACTION_REFUSED");
    expect(await banks.uncovered("x").get()).toBe(100);
  });

  it("tells nothing of what is hidden from who looks", async () => {
    const asAda = <T>(fn: () => T): T => withContext({ userId: "ada" }, fn);
    const tell = async (kind: "hidden" | "refused", value: number): Promise<unknown[]> => {
      const name = `${kind}-${value}`;
      await asAda(() => banks.guarded(name).set(value));
      const { browser, accounts } = browserOf("guarded", { userId: "bob" });
      const account = accounts(name);
      const codes: unknown[] = [
        await browser
          .transaction(async (tx) => String(await tx.get(account)))
          .catch((error: { code: string }) => error.code),
        await codeOf(() => browser.transaction((tx) => tx.increment(account, -50, { min: 0 }))),
        await codeOf(() => browser.transaction((tx) => tx.increment(account, 1e308))),
        await codeOf(() => browser.transaction((tx) => tx.append(account as never, "x" as never))),
      ];
      for (const seq of [0, 1, 2, 3, 4, 5, 6, 7, 8]) codes.push(await compared(browser, banks.guarded(name).key, seq));
      expect(await asAda(() => banks.guarded(name).get())).toBe(value);
      return codes;
    };
    for (const kind of ["hidden", "refused"] as const) {
      const few = await tell(kind, 10);
      expect(await tell(kind, 90)).toEqual(few);
      expect(few.slice(0, 4)).toEqual(
        kind === "hidden"
          ? ["100", "UPDATE_CONFLICT", "UPDATE_CONFLICT", "ACTION_REFUSED"]
          : ["ACTION_REFUSED", "ACTION_REFUSED", "ACTION_REFUSED", "ACTION_REFUSED"],
      );
    }
  });

  it("that comes again is not known to be made where it may not read what it writes", async () => {
    const { browser } = browserOf("guarded", { userId: "bob" });
    const { key } = banks.guarded("refused-again");
    const transaction = { id: "again", reads: [], writes: [{ key, text: "[1]" }], bases: [[key, 0, ""]] };
    expect(await browser.act(() => codeOfPut({ transaction }))).toBe("WRITE_UNCONFIRMED");
    expect(await withContext({ userId: "ada" }, () => banks.guarded("refused-again").get())).toBe(100);
    // What it sees nothing of has not ended, although the other one holds what it would write.
    await withContext({ userId: "ada" }, () => banks.guarded("refused-kept").set(7));
    await withContext({ userId: "bob" }, () => banks.guarded("open").set(1));
    const [open, kept] = ["open", "refused-kept"].map((name) => banks.guarded(name).key);
    const writes = [
      { key: open, text: "[1]" },
      { key: kept, text: null },
    ];
    const ending = { id: "ending", reads: [], writes, bases: [[kept, 0, ""]] };
    expect(await browser.act(() => codeOfPut({ transaction: ending }))).toBe("WRITE_UNCONFIRMED");
    expect(await withContext({ userId: "ada" }, () => banks.guarded("refused-kept").get())).toBe(7);
  });

  it("increments what is not hidden, from its default too", async () => {
    const { browser, accounts } = browserOf("guarded", { userId: "bob" });
    await browser.transaction((tx) => tx.increment(accounts("fresh"), -50, { min: 0 }));
    await browser.transaction((tx) => tx.increment(accounts("fresh"), -50, { min: 0 }));
    const code = await codeOf(() => browser.transaction((tx) => tx.increment(accounts("fresh"), -50, { min: 0 })));
    expect([accounts("fresh").peek(), code]).toEqual([0, "CHANGE_REFUSED"]);
  });
});

/** What the route says of a guess of the number that a value has. */
async function compared(browser: RouteBrowser, key: string, seq: number): Promise<string> {
  const epoch = backends["guarded"]!.version.epoch;
  const transaction = { id: `guess-${key}-${seq}`, reads: [[key, seq, epoch]], writes: [] };
  return browser.act(() => codeOfPut({ transaction }));
}

async function codeOfPut(body: object): Promise<string> {
  const headers = { "content-type": "application/json" };
  const response = await fetch("/api/reactive", { method: "PUT", body: JSON.stringify(body), headers });
  const { code, isConflict = false } = (await response.json()) as { code?: string; isConflict?: boolean };
  return code ?? `${isConflict}`;
}
