import { stringify } from "devalue";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { type FakeRoute, rowOf, settle, stubBrowser } from "../../test/support/fake-route.ts";
import { browserBackend } from "../browser/global-backend.ts";
import type { TransactionRequest, ValueRow } from "../browser/value-protocol.ts";
import {
  collection,
  createMemoryBackend,
  namespace,
  publicMessage,
  type Signal,
  signal,
  transaction,
} from "../index.browser.ts";
import { react } from "./process/reactive.ts";
import type { Transaction } from "./transaction-api.ts";
import { encodeValue } from "./value/value.ts";

let route: FakeRoute;
let count = 0;
const stops: (() => void)[] = [];

// They are loaded when they are needed, which takes seconds on a busy machine.
beforeAll(() => Promise.all([import("../browser/writer.ts"), import("../browser/browser-transactions.ts")]), 60_000);
beforeEach(() => {
  vi.useFakeTimers();
  count += 1;
  route = stubBrowser();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await vi.advanceTimersByTimeAsync(120_000);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const bank = (name: string, initial = 0): Signal<number> => namespace(`bank${count}`).signal(name, initial);

/** Two accounts that the page shows, and each state of both that it has shown. */
function accounts() {
  const [ada, bob] = [bank("ada"), bank("bob")];
  void browserBackend().receive([rowOf(ada.key, 100, 1), rowOf(bob.key, 0, 2)]);
  const shown: string[] = [];
  stops.push(
    react(() => {
      const both = `${ada.value} ${bob.value}`;
      if (shown.at(-1) !== both) shown.push(both);
    }),
  );
  const transfer = (amount: number): Promise<number> =>
    transaction(async (tx) => {
      const before = await tx.get(ada);
      if (before < amount) throw new Error("Not enough.");
      tx.set(ada, before - amount);
      return tx.update(bob, (balance) => balance + amount);
    });
  return { ada, bob, shown, transfer };
}

const asked = (at: number): TransactionRequest =>
  (route.writes[at] as unknown as { transaction: TransactionRequest }).transaction;

function answer(rows: readonly ValueRow[], isConflict = false): Response {
  return Response.json(isConflict ? { rows, isConflict } : { rows });
}

/** An answer that does not come before it is let go. */
function held(given: () => Response): () => Promise<void> {
  const gate = Promise.withResolvers<Response>();
  route.answers.push(gate.promise);
  return async () => {
    gate.resolve(given());
    await settle();
  };
}

describe("a transaction of a browser", () => {
  it("is shown as one step, and sent as one request with what it has read", async () => {
    const { ada, bob, shown, transfer } = accounts();
    const letGo = held(() => answer([rowOf(ada.key, 70, 5), rowOf(bob.key, 30, 5)]));
    const made = transfer(30);
    await settle();
    expect(shown).toEqual(["100 0", "70 30"]);
    expect(route.writes).toHaveLength(1);
    expect(asked(0)).toMatchObject({
      reads: [
        [ada.key, 1, "e1"],
        [bob.key, 2, "e1"],
      ],
      writes: [
        { key: ada.key, text: "[70]" },
        { key: bob.key, text: "[30]" },
      ],
    });
    expect(asked(0).bases).toBeUndefined();
    await letGo();
    expect(await made).toBe(30);
    expect(shown).toEqual(["100 0", "70 30"]);
  });

  it("goes back as one step when it is refused, with the reason", async () => {
    const { shown, transfer } = accounts();
    const letGo = held(() => Response.json({ code: "ACTION_REFUSED", error: "No." }, { status: 403 }));
    const error = caught(() => transfer(30));
    await settle();
    await letGo();
    expect(await error).toMatchObject({ code: "ACTION_REFUSED", data: { publicMessage: "No." } });
    expect(shown).toEqual(["100 0", "70 30", "100 0"]);
    expect(route.writes).toHaveLength(1);
  });

  it("runs again on what the server has when another was faster, and shows that as one step", async () => {
    const { ada, bob, shown, transfer } = accounts();
    route.answers.push(answer([rowOf(ada.key, 50, 7), rowOf(bob.key, 5, 8)], true));
    route.answers.push(answer([rowOf(ada.key, 20, 9), rowOf(bob.key, 35, 9)]));
    const made = transfer(30);
    await settle();
    await vi.advanceTimersByTimeAsync(100);
    expect(await made).toBe(35);
    expect(asked(1)).toMatchObject({
      reads: [
        [ada.key, 7, "e1"],
        [bob.key, 8, "e1"],
      ],
    });
    expect(asked(1).id).not.toBe(asked(0).id);
    // What there is in between was there.
    expect(shown).toEqual(["100 0", "70 30", "50 5", "20 35"]);
  });

  it("is hidden as a whole while what the server tells is something else than what it was made of", async () => {
    const { ada, bob, transfer } = accounts();
    const cy = bank("cy");
    void browserBackend().receive([rowOf(cy.key, 0, 2)]);
    const sums = new Set<number>();
    stops.push(react(() => void sums.add(ada.value + bob.value + cy.value)));
    const letGo = held(() => answer([rowOf(ada.key, 50, 7), rowOf(bob.key, 0, 2)], true));
    route.answers.push(
      answer([rowOf(ada.key, 20, 9), rowOf(bob.key, 30, 9)]),
      answer([rowOf(ada.key, 10, 10), rowOf(bob.key, 40, 10)]),
    );
    const both = Promise.all([transfer(30), transfer(10)]);
    await settle();
    expect([ada.peek(), bob.peek()]).toEqual([60, 40]);
    // Another browser has moved some of it elsewhere.
    void browserBackend().receive([rowOf(ada.key, 50, 7), rowOf(cy.key, 50, 7)]);
    expect([ada.peek(), bob.peek(), cy.peek()]).toEqual([50, 0, 50]);
    await settle();
    // The second one is not on its way yet.
    expect([ada.peek(), bob.peek(), cy.peek()]).toEqual([40, 10, 50]);
    await letGo();
    await vi.advanceTimersByTimeAsync(100);
    expect(await both).toEqual([30, 40]);
    expect([ada.peek(), bob.peek(), cy.peek()]).toEqual([10, 40, 50]);
    expect([...sums]).toEqual([100]);
  });

  it("gives up when others are faster each time", async () => {
    const { ada, bob, shown, transfer } = accounts();
    for (let n = 0; n < 30; n += 1)
      route.answers.push(answer([rowOf(ada.key, 100 + n, 10 + n), rowOf(bob.key, n, 10 + n)], true));
    const code = codeOf(() => transfer(30));
    await settle();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await code).toBe("UPDATE_CONFLICT");
    expect(route.writes).toHaveLength(20);
    expect(shown.at(-1)).toBe("119 19");
  });

  it("is sent again under its id when its answer is lost, with what its keys held before", async () => {
    const { ada, bob, shown, transfer } = accounts();
    route.answers.push(undefined as never, answer([rowOf(ada.key, 70, 5), rowOf(bob.key, 30, 5)]));
    const made = transfer(30);
    await settle();
    await vi.advanceTimersByTimeAsync(300);
    await settle();
    expect(await made).toBe(30);
    expect(asked(1)).toEqual({
      ...asked(0),
      bases: [
        [ada.key, 1, "e1"],
        [bob.key, 2, "e1"],
      ],
    });
    expect(shown).toEqual(["100 0", "70 30"]);
  });

  it("whose both answers are lost says that it is not known, and shows what the server has", async () => {
    const { shown, transfer } = accounts();
    const code = codeOf(() => transfer(30));
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await code).toBe("WRITE_UNCONFIRMED");
    expect([route.writes.length, route.reads.length]).toEqual([2, 1]);
    expect(shown).toEqual(["100 0", "70 30", "100 0"]);
  });

  it.each<[what: string, then: () => void]>([
    ["the browser has no connection any more", () => vi.stubGlobal("navigator", { onLine: false })],
    ["somebody else looks", () => browserBackend().forget()],
  ])("whose answer is lost says that it is not known, where it cannot be sent again: %s", async (_, then) => {
    const { transfer } = accounts();
    const error = caught(() => transfer(30));
    await settle();
    then();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await error).toMatchObject({ code: "WRITE_UNCONFIRMED" });
    expect(publicMessage(await error)).not.toContain("not saved");
    expect(route.writes).toHaveLength(1);
  });

  it("whose page is left is sent once more, as a request that outlives it", async () => {
    const listeners = new Map<string, () => void>();
    vi.stubGlobal("addEventListener", (type: string, listener: () => void) => listeners.set(type, listener));
    // Its code listens from when it is loaded.
    vi.resetModules();
    const left = await import("../index.browser.ts");
    const keptAlive: (boolean | undefined)[] = [];
    const respond = fetch;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      keptAlive.push(init.keepalive);
      return respond(url, init);
    });
    const { ada, bob } = accounts();
    const letGo = held(() => answer([rowOf(ada.key, 7, 5)]));
    const made = left.transaction((tx) => {
      tx.set(ada, 7);
      tx.increment(bob);
    });
    await settle();
    listeners.get("pagehide")!();
    await settle();
    expect(keptAlive).toEqual([false, true]);
    expect(asked(1)).toEqual({
      ...asked(0),
      bases: [
        [ada.key, 1, "e1"],
        [bob.key, 2, "e1"],
      ],
    });
    await letGo();
    await made;
    listeners.get("pageshow")!();
    vi.resetModules();
  });

  it("comes after the earlier writes of its tab to its keys, and before the later ones", async () => {
    const { ada, bob, shown } = accounts();
    const letGo = held(() => Response.json({ row: rowOf(ada.key, 60, 3) }));
    void ada.set(60);
    const made = transaction(async (tx) => tx.set(bob, await tx.get(ada)));
    await settle();
    const later = bob.increment(1);
    await settle();
    expect(shown.at(-1)).toBe("60 61");
    expect(route.writes).toHaveLength(1);
    route.answers.push(answer([rowOf(bob.key, 60, 4)]), Response.json({ row: rowOf(bob.key, 61, 5), made: 61 }));
    await letGo();
    await settle();
    await Promise.all([made, later]);
    expect(asked(1)).toMatchObject({ reads: [[ada.key, 3, "e1"]], writes: [{ key: bob.key, text: "[60]" }] });
    expect(route.writes[2]).toMatchObject({ key: bob.key, change: stringify({ increment: 1 }) });
  });

  it("after another one of its tab that is on its way is made of what that one makes", async () => {
    const { ada, bob, shown, transfer } = accounts();
    const letGo = held(() => answer([rowOf(ada.key, 70, 5), rowOf(bob.key, 30, 5)]));
    const both = Promise.all([transfer(30), transfer(10)]);
    await settle();
    expect(shown.at(-1)).toBe("60 40");
    expect(route.writes).toHaveLength(1);
    route.answers.push(answer([rowOf(ada.key, 60, 6), rowOf(bob.key, 40, 6)]));
    await letGo();
    expect(await both).toEqual([30, 40]);
    expect(asked(1)).toMatchObject({ reads: [[ada.key, 5, "e1"], expect.anything()] });
    expect(shown).toEqual(["100 0", "70 30", "60 40"]);
  });

  it.each([
    ["a write", "a write"],
    ["a write", "a transaction"],
    ["a transaction", "a write"],
    ["a transaction", "a transaction"],
  ])("%s is sent, at whatever moment of the end of %s before it it begins", async (later, before) => {
    const { ada } = accounts();
    let seq = 10;
    let gate = Promise.withResolvers<void>();
    vi.stubGlobal("fetch", async (_url: string, init: RequestInit): Promise<Response> => {
      await gate.promise;
      const row = rowOf(ada.key, 1, (seq += 1));
      return "transaction" in (JSON.parse(String(init.body)) as object) ? answer([row]) : Response.json({ row });
    });
    const write = (what: string): Promise<unknown> =>
      what === "a write" ? ada.set(1) : transaction((tx) => tx.set(ada, 1));
    const left: number[] = [];
    for (let moment = 0; moment < 80; moment += 1) {
      gate = Promise.withResolvers();
      void write(before);
      await settle();
      gate.resolve();
      for (let n = 0; n < moment; n += 1) await Promise.resolve();
      let isSent = false;
      void write(later).then(() => (isSent = true));
      await settle();
      await vi.advanceTimersByTimeAsync(100);
      if (!isSent) left.push(moment);
    }
    expect(left).toEqual([]);
  });

  it("after one that is refused runs again without it", async () => {
    const { ada, bob, shown, transfer } = accounts();
    const letGo = held(() => Response.json({ code: "ACTION_REFUSED", error: "No." }, { status: 403 }));
    const first = codeOf(() => transfer(30));
    const second = transfer(10);
    await settle();
    route.answers.push(answer([rowOf(ada.key, 90, 6), rowOf(bob.key, 10, 6)]));
    await letGo();
    expect([await first, await second]).toEqual(["ACTION_REFUSED", 10]);
    expect(asked(1)).toMatchObject({ reads: [[ada.key, 1, "e1"], expect.anything()] });
    expect(shown.at(-1)).toBe("90 10");
  });

  it.each<[what: string, before: (ada: Signal<number>) => Promise<void>, given: () => Response]>([
    [
      "is refused",
      (ada) => ada.set(60),
      () => Response.json({ code: "ACTION_REFUSED", error: "No." }, { status: 403 }),
    ],
    [
      "is something else when it is accepted",
      (ada) => ada.set(60),
      () => Response.json({ row: rowOf(`bank${count}:ada`, 61, 3) }),
    ],
  ])("is not shown any more where an earlier write that it was made of %s", async (_, write, given) => {
    const { ada, bob, shown } = accounts();
    const letGo = held(given);
    write(ada).catch(() => {});
    const made = transaction(async (tx) => tx.set(bob, await tx.get(ada)));
    await settle();
    expect(shown.at(-1)).toBe("60 60");
    const after = (): number => Number(shown.at(-1)!.split(" ")[0]);
    route.answers.push(answer([rowOf(bob.key, 100, 4)]));
    await letGo();
    await settle();
    await made;
    // Both accounts are the same wherever the transaction is shown.
    expect(shown.filter((both) => !both.endsWith(" 0") && both !== "60 60" && both !== "100 100")).toEqual(
      after() === 61 ? ["61 61", "61 100"] : [],
    );
  });

  it("that uses another key when it runs again waits for the earlier writes of that one too", async () => {
    const { ada, bob } = accounts();
    const cy = bank("cy");
    void browserBackend().receive([rowOf(cy.key, 1, 3)]);
    const letAda = held(() => Response.json({ row: rowOf(ada.key, 60, 4) }));
    void ada.set(60);
    await settle();
    const letCy = held(() => Response.json({ row: rowOf(cy.key, 5, 5) }));
    void cy.set(5);
    await vi.advanceTimersByTimeAsync(20);
    const made = transaction(async (tx) => tx.set((await tx.get(bob)) > 0 ? cy : ada, 6));
    await settle();
    void browserBackend().receive([rowOf(bob.key, 1, 6)]);
    await letAda();
    expect(route.writes).toHaveLength(2);
    route.answers.push(answer([rowOf(cy.key, 6, 7)]));
    await letCy();
    await made;
    expect([asked(2).writes, cy.peek()]).toEqual([[{ key: cy.key, text: "[6]" }], 6]);
  });

  it("that has its turn waits for the earlier writes of a key that it has not used before", async () => {
    const { ada, bob } = accounts();
    const cy = bank("cy");
    void browserBackend().receive([rowOf(cy.key, 1, 3)]);
    const letGo = held(() => answer([rowOf(bob.key, 1, 6)], true));
    const made = transaction(async (tx) => tx.set((await tx.get(bob)) > 0 ? cy : ada, 6));
    await settle();
    const letCy = held(() => Response.json({ row: rowOf(cy.key, 5, 7) }));
    void cy.set(5);
    await vi.advanceTimersByTimeAsync(20);
    await letGo();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(route.writes).toHaveLength(2);
    route.answers.push(answer([rowOf(cy.key, 6, 8)]));
    await letCy();
    await vi.advanceTimersByTimeAsync(1_000);
    await made;
    expect([asked(2).writes, cy.peek()]).toEqual([[{ key: cy.key, text: "[6]" }], 6]);
  });

  it.each<[what: string, inner: (tx: Transaction, ada: Signal<number>) => unknown]>([
    ["at once", (_, ada) => transaction((tx) => tx.set(ada, 1))],
    ["after a read", async (tx, ada) => (await tx.get(ada), transaction((own) => own.set(ada, 1)))],
    [
      "after several reads",
      async (tx, ada) => {
        for (let n = 0; n < 3; n += 1) await tx.get(ada);
        await transaction((own) => own.set(ada, 1));
      },
    ],
    ["after an update", async (tx, ada) => (await tx.update(ada, (n) => n), transaction((own) => own.set(ada, 1)))],
    [
      "after a read that was refused",
      async (tx, ada) => tx.get(bank("cold")).catch(() => transaction((own) => own.set(ada, 1))),
    ],
    [
      "by the function of an update",
      async (tx, ada) => {
        let inside: Promise<unknown> | undefined;
        await tx.update(ada, (n) => {
          inside = caught(() => transaction((own) => own.set(ada, 1)));
          return n;
        });
        throw await inside;
      },
    ],
  ])("is not begun inside of another one: %s", async (_, inner) => {
    const { ada, bob, shown } = accounts();
    const code = codeOf(() =>
      transaction(async (tx) => {
        tx.set(bob, 1);
        await inner(tx, ada);
      }),
    );
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await code, route.writes, shown]).toEqual(["TRANSACTION_INVALID", [], ["100 0"]]);
  });

  it("is begun beside another one, and after it, wherever that waits", async () => {
    const { ada, bob } = accounts();
    const cold = bank("cold");
    route.answers.push(answer([rowOf(ada.key, 1, 5)]), answer([rowOf(bob.key, 2, 6)]), answer([rowOf(ada.key, 3, 7)]));
    const waiting = transaction(async (tx) => {
      for (let n = 0; n < 5; n += 1) await tx.get(bob);
      tx.set(ada, 1);
    }).then(() => transaction((tx) => tx.set(ada, 3)));
    const beside: Promise<void>[] = [];
    for (let n = 0; n < 8; n += 1) {
      if (n === 4) beside.push(transaction((tx) => tx.set(bob, 2)));
      await Promise.resolve();
    }
    const failing = codeOf(() => transaction(async (tx) => void (await tx.get(cold))));
    await settle();
    await Promise.all([waiting, ...beside]);
    expect([await failing, route.writes.length]).toEqual(["NOT_EXPOSED", 3]);
  });

  it("that waits for a write which waits for it ends, and so does the write", async () => {
    const { ada, bob, shown } = accounts();
    route.answers.push(answer([rowOf(ada.key, 50, 9)], true));
    let runs = 0;
    const inner: Promise<void>[] = [];
    const code = codeOf(() =>
      transaction(async (tx) => {
        runs += 1;
        await tx.get(ada);
        tx.set(bob, 1);
        if (runs === 2) inner.push(bob.set(7));
        await Promise.all(inner);
      }),
    );
    await settle();
    route.answers.push(Response.json({ row: rowOf(bob.key, 7, 10) }));
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(inner);
    expect([await code, runs, shown.at(-1)]).toEqual(["TRANSACTION_INVALID", 2, "50 7"]);
  });

  it("leaves changes of what it has not read to the server, and shows them", async () => {
    const { ada, bob, shown } = accounts();
    const letGo = held(() => answer([rowOf(ada.key, 90, 5), rowOf(bob.key, 10, 5)]));
    const made = transaction((tx) => {
      tx.increment(ada, -10, { min: 0 });
      tx.increment(bob, 10);
    });
    await settle();
    expect(asked(0)).toMatchObject({
      reads: [],
      writes: [
        { key: ada.key, changes: [stringify({ increment: -10, min: 0 })] },
        { key: bob.key, changes: [stringify({ increment: 10 })] },
      ],
    });
    // The stream may be faster than the answer.
    void browserBackend().receive([rowOf(ada.key, 90, 5), rowOf(bob.key, 10, 5)]);
    await letGo();
    await made;
    expect(shown).toEqual(["100 0", "90 10"]);
  });

  it("shows nothing where one of its changes would be refused, as far as is known here", async () => {
    const { ada, bob, shown } = accounts();
    const letGo = held(() => answer([rowOf(ada.key, 50, 5), rowOf(bob.key, 150, 5)]));
    const made = transaction((tx) => {
      tx.increment(bob, 150);
      tx.increment(ada, -150, { min: 0 });
    });
    await settle();
    expect([route.writes.length, shown]).toEqual([1, ["100 0"]]);
    // Somebody has given more by then.
    await letGo();
    await made;
    expect(shown).toEqual(["100 0", "50 150"]);
  });

  it("that throws is judged by values that are current", async () => {
    const { ada, bob, shown, transfer } = accounts();
    route.answers.push(answer([rowOf(ada.key, 500, 7), rowOf(bob.key, 0, 2)], true));
    route.answers.push(answer([rowOf(ada.key, 300, 9), rowOf(bob.key, 200, 9)]));
    const made = transfer(200);
    await settle();
    await vi.advanceTimersByTimeAsync(100);
    expect(await made).toBe(200);
    expect(asked(0)).toMatchObject({ reads: [[ada.key, 1, "e1"]], writes: [] });
    expect(shown.at(-1)).toBe("300 200");

    route.answers.push(answer([]));
    const error = caught(() => transfer(301));
    await settle();
    expect(await error).toMatchObject({ message: "Not enough." });
    expect(shown.at(-1)).toBe("300 200");
  });

  it("is made of values as the page defines them, and names their version", async () => {
    const aged = namespace(`bank${count}`).signal("aged", 0, {
      expose: "write",
      version: 2,
      migrate: (before) => (before as number) * 10,
    });
    void browserBackend().receive([rowOf(aged.key, 7, 1)]);
    const [one, two] = [71, 72].map((n) => encodeValue(aged.key, n, undefined, 2));
    route.answers.push(answer([[aged.key, one!, 2, "e1"]]), answer([[aged.key, two!, 3, "e1"]]));
    const made = transaction((tx) => tx.update(aged, (n) => n + 1));
    await settle();
    expect([await made, aged.peek(), asked(0).writes]).toEqual([71, 71, [{ key: aged.key, text: one }]]);
    const changed = transaction((tx) => tx.increment(aged));
    await settle();
    await changed;
    expect([aged.peek(), asked(1).writes]).toEqual([72, [{ key: aged.key, text: two }]]);
  });

  it("asks for what the page does not know", async () => {
    const cold = bank("cold");
    const fetched = async (_url: string, init: RequestInit): Promise<Response> =>
      init.method === "PUT"
        ? (route.writes.push(JSON.parse(String(init.body)) as never), answer([rowOf(cold.key, 8, 4)]))
        : Response.json({ rows: [rowOf(cold.key, 7, 3)], refused: [] });
    vi.stubGlobal("fetch", fetched);
    const made = transaction((tx) => tx.update(cold, (n) => n + 1));
    await settle();
    expect(await made).toBe(8);
    expect(asked(0)).toMatchObject({ reads: [[cold.key, 3, "e1"]], writes: [{ key: cold.key, text: "[8]" }] });
  });

  it("has a row of a collection stand at its place in queries at once", async () => {
    const todos = collection<{ readonly list: string }>(namespace("app"), `lists${count}`, {
      indexes: { byList: ["list"] },
    });
    const page = todos.query({ where: { list: "home" } });
    const { ada } = accounts();
    void browserBackend().receive([rowOf(page.key, [], 1)]);
    const shown: string[] = [];
    stops.push(react(() => void shown.push(`${page.value.map(({ id }) => id).join()} ${ada.value}`)));
    const letGo = held(() => Response.json({ code: "VALUE_INVALID", error: "No." }, { status: 422 }));
    const code = codeOf(() =>
      transaction(async (tx) => {
        if (await tx.get(todos("new"))) throw new Error("It is there.");
        tx.set(todos("new"), { list: "home" });
        tx.increment(ada);
      }),
    );
    // It asks for the row, which the fake route refuses: so it is told here.
    void browserBackend().receive([[todos("new").key, null, 0, "e1"]]);
    await settle();
    expect([...new Set(shown)]).toEqual([" 100", "new 101"]);
    await letGo();
    expect(await code).toBe("VALUE_INVALID");
    expect([...new Set(shown)]).toEqual([" 100", "new 101"]);
    expect(shown.at(-1)).toBe(" 100");
  });

  it("is not sent as another visitor", async () => {
    const { transfer } = accounts();
    const code = codeOf(() => transfer(30));
    browserBackend().forget();
    await settle();
    expect(await code).toBe("UNAUTHORIZED");
    expect(route.writes).toEqual([]);
  });

  it("is not sent as another visitor either when it is tried once more", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0.9);
    stops.push(() => random.mockRestore());
    const { ada, bob } = accounts();
    route.answers.push(answer([rowOf(ada.key, 100, 1)], true), answer([rowOf(bob.key, 7, 9)], true));
    const code = codeOf(() => transaction((tx) => tx.increment(ada, -1)));
    await settle();
    expect(route.writes).toHaveLength(1);
    browserBackend().forget();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await code, route.writes.length]).toEqual(["UNAUTHORIZED", 1]);
  });

  it("is of signals that this browser shares, in one backend", async () => {
    const { ada } = accounts();
    const alone = signal(0);
    expect(await codeOf(() => transaction((tx) => tx.set(alone, 1)))).toBe("TRANSACTION_INVALID");
    const both = codeOf(() =>
      transaction((tx) => {
        tx.set(ada, 1);
        tx.set(alone, 1);
      }),
    );
    await settle();
    expect(await both).toBe("TRANSACTION_INVALID");
    const inMemory = namespace("m", { backend: createMemoryBackend(`tab${count}`) }).signal("n", 1);
    await transaction((tx) => tx.update(inMemory, (n) => n + 1));
    expect([await inMemory.get(), route.writes]).toEqual([2, []]);
  });

  it.each<[what: string, use: (tx: Transaction) => void]>([
    ["signals", (tx) => Array.from({ length: 101 }, (_, n) => tx.increment(bank(`${n}`)))],
    ["writes", (tx) => Array.from({ length: 101 }, () => tx.increment(bank("one")))],
  ])("has at most a hundred %s", async (what, use) => {
    const error = caught(() => transaction(use));
    await settle();
    expect([await error, route.writes]).toMatchObject([
      { code: "TRANSACTION_INVALID", message: expect.stringContaining(what) },
      [],
    ]);
  });
});
