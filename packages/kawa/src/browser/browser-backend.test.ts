import { stringify } from "devalue";
import { afterEach, beforeAll, beforeEach, describe, expect, it, type Mock, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import type { Entry } from "../core/backend/backend.ts";
import { type KawaErrorCode, publicMessage } from "../core/errors/errors.ts";
import { react } from "../core/process/reactive.ts";
import { keysOf } from "../../test/support/keys-of.ts";
import { acceptedHeader, keysQuery, type ValueRow, type WriteReply, type WriteRequest } from "./value-protocol.ts";
import { BrowserBackend } from "./browser-backend.ts";

const epoch = "e1";
const row = (key: string, value: unknown, seq: number, of = epoch): ValueRow => [key, stringify(value), seq, of];

/** Answers of the server, in order; `lost` is none. */
type Answer = { readonly status?: number; readonly body?: unknown; readonly headers?: Record<string, string> } | "lost";

let backend: BrowserBackend;
let given: ValueRow[];
let written: WriteRequest[];
let read: string[][];
let answers: (Answer | Promise<Answer>)[];
let onWatch: Mock<() => void>;
let readAnswer: (keys: string[]) => Answer;

// They are loaded when they are needed, which takes seconds on a busy machine.
beforeAll(
  () =>
    Promise.all([
      import("./writer.ts"),
      import("./row-reader.ts"),
      import("./list-changes.ts"),
      import("../core/value/value.ts"),
    ]),
  60_000,
);

beforeEach(() => {
  vi.useFakeTimers();
  given = [];
  written = [];
  read = [];
  answers = [];
  readAnswer = (keys) => ({ body: { rows: keys.map((key) => [key, null, 0, epoch]), refused: [] } });
  onWatch = vi.fn<() => void>();
  backend = new BrowserBackend(
    () => given.splice(0),
    () => onWatch(),
  );
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    let answer: Answer;
    if (init.method === "PUT") {
      written.push(JSON.parse(String(init.body)) as WriteRequest);
      answer = (await answers.shift()) ?? "lost";
    } else {
      const keys = keysOf(url);
      read.push(keys);
      answer = readAnswer(keys);
    }
    if (answer === "lost") throw new TypeError("Failed to fetch");
    const { status = 200, body, headers = {} } = answer;
    return body === undefined ? new Response(null, { status, headers }) : Response.json(body, { status, headers });
  });
});
afterEach(async () => {
  // A write that is under way would be sent in the next test.
  await settle();
  await vi.advanceTimersByTimeAsync(120_000);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function settled(all: readonly Promise<unknown>[]): Promise<void> {
  await settle();
  await Promise.all(all);
}

function valueOf(key: string): unknown {
  const entry: Entry = backend.entry(key).peek();
  return entry.state === "present" ? entry.value : entry.state;
}

function accept(value: unknown, seq: number, key = "k"): Answer {
  return { body: { row: row(key, value, seq) } satisfies WriteReply };
}

function refuse(code: KawaErrorCode, status: number, retryAfterMs?: number): Answer {
  return { status, body: { code, error: "No.", retryAfterMs } };
}

/** All values that a key shows from now on. */
function record(key: string): unknown[] {
  const shown: unknown[] = [];
  react(() => {
    void backend.entry(key).value;
    shown.push(valueOf(key));
  });
  return shown;
}

const number = (entry: Entry): number => (entry.state === "present" ? (entry.value as number) : 0);
const increment = (entry: Entry): number => number(entry) + 1;

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  // The writer is loaded at the first write.
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
}

describe("reading in a browser", () => {
  it("takes what came with the page, and asks nobody", async () => {
    given.push(row("k", { a: 1 }, 4));
    await backend.load(["k"]);
    expect(valueOf("k")).toEqual({ a: 1 });
    expect(read).toEqual([]);
  });

  it("asks for the keys of one turn together, and for each once", async () => {
    await Promise.all([backend.load(["a", "b"]), backend.load(["b", "c"])]);
    expect(read).toEqual([["a", "b", "c"]]);
    await backend.load(["a"]);
    expect(read).toHaveLength(1);
  });

  it("rejects for a key whose stored value is none, and gives the others", async () => {
    readAnswer = () => ({ body: { rows: [row("a", 1, 1)], refused: [], unreadable: ["b"] } });
    const [given, bad] = await Promise.all([caught(() => backend.load(["a"])), caught(() => backend.load(["b"]))]);
    expect([given, valueOf("a")]).toEqual([undefined, 1]);
    expect(bad).toMatchObject({ code: "VALUE_UNREADABLE" });
    expect(publicMessage(bad)).toContain('"b"');
  });

  it("rejects for a key that is refused, and gives the others", async () => {
    readAnswer = () => ({ body: { rows: [row("a", 1, 1)], refused: ["b"] } });
    const loads = await Promise.allSettled([backend.load(["a"]), backend.load(["b"])]);
    expect(loads.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(await codeOf(() => backend.load(["b"]))).toBe("NOT_EXPOSED");
    expect(valueOf("a")).toBe(1);
  });

  it("says that the server cannot be reached", async () => {
    readAnswer = () => "lost";
    expect(await codeOf(() => backend.load(["k"]))).toBe("BACKEND_UNAVAILABLE");
  });

  it("never goes back to a lower number, but to another history", () => {
    backend.receive([row("k", "new", 5)]);
    backend.receive([row("k", "old", 4)]);
    expect(valueOf("k")).toBe("new");
    backend.receive([row("k", "other", 1, "e2")]);
    expect(valueOf("k")).toBe("other");
  });

  describe("when somebody else looks", () => {
    it("forgets what is not on the screen, and what the page was rendered with", async () => {
      given.push(row("given", "of Ada", 5));
      expect(backend.hydratedEntry("given").peek()).toMatchObject({ value: "of Ada" });
      backend.receive([row("k", "of Ada", 5)]);
      backend.forget();
      expect([valueOf("k"), valueOf("given"), backend.hydratedEntry("given").peek().state]).toEqual([
        "unknown",
        "unknown",
        "unknown",
      ]);
    });

    it("shows nothing in place of what is on the screen, and asks for it as whom it is now", async () => {
      backend.receive([row("k", "of Ada", 5)]);
      const seen: unknown[] = [];
      const stop = react(() => {
        const entry = backend.entry("k").value;
        seen.push(entry.state === "present" ? entry.value : entry.state);
      });
      readAnswer = () => ({ body: { rows: [row("k", "of Bob", 5)], refused: [] } });
      backend.forget();
      expect(seen).toEqual(["of Ada", "absent"]);
      await vi.dynamicImportSettled();
      await vi.runAllTimersAsync();
      expect([read, seen.at(-1)]).toEqual([[["k"]], "of Bob"]);
      stop();
    });

    it("takes the same number again", () => {
      backend.receive([row("k", "of Ada", 5)]);
      backend.forget();
      backend.receive([row("k", "of Bob", 5)]);
      expect(valueOf("k")).toBe("of Bob");
    });

    it("does not take what was asked for before, and asks again", async () => {
      let answers = 0;
      readAnswer = () => {
        answers += 1;
        if (answers === 1) backend.forget();
        return { body: { rows: [row("k", answers === 1 ? "of Ada" : "of Bob", 5)], refused: [] } };
      };
      await backend.load(["k"]);
      expect([valueOf("k"), read.length]).toEqual(["of Bob", 2]);
    });

    it("does not take the answer to a write that was sent before", async () => {
      const answer = Promise.withResolvers<Answer>();
      answers.push(answer.promise);
      const writing = backend.set("k", "mine");
      await vi.dynamicImportSettled();
      backend.forget();
      answer.resolve(accept("seen by Ada", 7));
      await writing;
      expect(valueOf("k")).toBe("unknown");
    });
  });

  it("keeps what the page was rendered with beside what came later", () => {
    given.push(row("k", 1, 1));
    expect(backend.hydratedEntry("k").peek()).toMatchObject({ value: 1 });
    backend.receive([row("k", 2, 2)]);
    expect([backend.hydratedEntry("k").peek(), backend.entry("k").peek()]).toMatchObject([{ value: 1 }, { value: 2 }]);
  });

  it("names the keys that something follows, with what is known of them", () => {
    const changes: number[] = [];
    onWatch.mockImplementation(() => void changes.push(backend.watched.length));
    backend.receive([row("a", 1, 3)]);
    const stops = ["a", "b"].map((key) => react(() => void backend.entry(key).value));
    expect(backend.watched).toEqual([
      ["a", 3, epoch],
      ["b", -1, ""],
    ]);
    for (const stop of stops) stop();
    // The value that is known is followed a little longer, for whoever comes back.
    expect(backend.watched).toEqual([["a", 3, epoch]]);
    vi.advanceTimersByTime(30_000);
    expect(backend.watched).toEqual([]);
    expect(changes).toEqual([1, 2, 2, 1, 0]);
  });

  it("follows what was left for who comes back, once, and at most 50 keys", () => {
    const keys = Array.from({ length: 60 }, (_, n) => `left ${n}`);
    backend.receive(keys.map((key) => row(key, 1, 1)));
    for (const key of keys) react(() => void backend.entry(key).value)();
    expect(backend.watched.map(([key]) => key)).toEqual(keys.slice(10));
    const stop = react(() => void backend.entry("left 30").value);
    expect(backend.watched).toHaveLength(50);
    vi.advanceTimersByTime(30_000);
    expect(backend.watched.map(([key]) => key)).toEqual(["left 30"]);
    stop();
    backend.forget();
    expect(backend.watched).toEqual([]);
  });

  describe("beside server components that show something newer", () => {
    const answerWith = (rows: readonly ValueRow[], versions: Record<string, number>): void => {
      readAnswer = () => ({ body: { rows, refused: [], versions } });
    };
    beforeEach(() => backend.receive([row("k", "old", 5)]));

    it("asks once for what nobody follows, and takes what has not changed for current", async () => {
      backend.rendered.versions = { [epoch]: 5 };
      expect(backend.oldOf(["k", "not known"])).toEqual([]);
      backend.rendered.versions = { [epoch]: 8 };
      expect(backend.oldOf(["k"])).toEqual(["k"]);
      answerWith([row("k", "old", 5)], { [epoch]: 9 });
      await backend.freshen(["k"]);
      expect([backend.oldOf(["k"]), read, valueOf("k")]).toEqual([[], [["k"]], "old"]);
      backend.rendered.versions = { [epoch]: 9 };
      expect(backend.oldOf(["k"])).toEqual([]);
      backend.rendered.versions = { [epoch]: 10 };
      expect(backend.oldOf(["k"])).toEqual(["k"]);
    });

    it("leaves what something follows to the stream", () => {
      backend.rendered.versions = { [epoch]: 8 };
      const stop = react(() => void backend.entry("k").value);
      expect(backend.oldOf(["k"])).toEqual([]);
      stop();
      expect(backend.oldOf(["k"])).toEqual(["k"]);
    });

    it("asks again while a server answers that is behind, but not for ever", async () => {
      backend.rendered.versions = { [epoch]: 8 };
      let count = 0;
      readAnswer = () => {
        count += 1;
        return {
          body: {
            rows: [row("k", count < 3 ? "old" : "new", count < 3 ? 5 : 8)],
            refused: [],
            versions: { [epoch]: count < 3 ? 7 : 8 },
          },
        };
      };
      const fresh = backend.freshen(["k"]);
      await vi.advanceTimersByTimeAsync(500);
      await fresh;
      expect([count, valueOf("k")]).toEqual([3, "new"]);
      backend.rendered.versions = { [epoch]: 20 };
      answerWith([row("k", "new", 8)], { [epoch]: 9 });
      const given = read.length;
      const late = backend.freshen(["k"]);
      await vi.advanceTimersByTimeAsync(2_000);
      await late;
      expect([read.length - given, backend.oldOf(["k"])]).toEqual([4, []]);
    });

    it("asks about a value of another history, and about one that was hidden", async () => {
      backend.receive([["hidden", null, 0, ""]]);
      backend.rendered.versions = { e2: 1 };
      expect(backend.oldOf(["k", "hidden"])).toEqual(["k", "hidden"]);
      answerWith([row("k", "of another", 1, "e2"), ["hidden", null, 0, ""]], { e2: 1 });
      await backend.freshen(["k", "hidden"]);
      expect([valueOf("k"), backend.oldOf(["k", "hidden"])]).toEqual(["of another", []]);
    });

    it.each([
      ["that is lost", "lost"],
      ["that never comes", new Promise<never>(() => {})],
    ] as const)("waits for no answer %s", async (_, answer) => {
      backend.rendered.versions = { [epoch]: 8 };
      vi.stubGlobal("fetch", async () => {
        if (answer === "lost") throw new TypeError("Failed to fetch");
        return answer;
      });
      const fresh = backend.freshen(["k"]);
      await vi.advanceTimersByTimeAsync(1_000);
      await fresh;
      expect([valueOf("k"), backend.oldOf(["k"])]).toEqual(["old", []]);
    });
  });

  it("asks for many keys in several requests, and again for what did not fit into an answer", async () => {
    const asked: number[] = [];
    readAnswer = (keys) => {
      asked.push(keys.length);
      const [fits, later] = [keys.slice(0, 70), keys.slice(70)];
      return { body: { rows: fits.map((key) => row(key, key, 1)), refused: [], ...(later.length > 0 && { later }) } };
    };
    const keys = Array.from({ length: 150 }, (_, n) => `key ${n}`);
    await backend.load(keys);
    expect(asked).toEqual([100, 80, 10]);
    expect(keys.map((key) => backend.entry(key).peek()).every(({ state }) => state === "present")).toBe(true);
  });

  it("asks with addresses that servers take", async () => {
    const lengths: number[] = [];
    readAnswer = (keys) => {
      lengths.push(keysQuery(keys).length);
      return { body: { rows: keys.map((key) => row(key, 1, 1)), refused: [] } };
    };
    await backend.load(Array.from({ length: 40 }, (_, n) => `${n} ${"ü".repeat(100)}`));
    expect(lengths.length).toBeGreaterThan(1);
    expect(Math.max(...lengths)).toBeLessThan(7_000);
  });

  it("waits where the server has been asked for too much", async () => {
    const answers = [{ status: 429, body: { code: "RATE_LIMITED", error: "Slow down.", retryAfterMs: 300 } }];
    readAnswer = (keys) => answers.shift() ?? { body: { rows: keys.map((key) => row(key, 1, 1)), refused: [] } };
    const loading = backend.load(["k"]);
    await vi.advanceTimersByTimeAsync(300);
    await loading;
    expect(backend.entry("k").peek()).toMatchObject({ state: "present", value: 1 });
  });
});

describe("writing in a browser", () => {
  it("says of a write that it waited for the answer to the one before it", async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    answers = [promise, accept(3, 2), accept(4, 3)];
    const first = backend.set("k", 1);
    await settle();
    const others = [2, 3].map((value) => backend.set("k", value));
    resolve(accept(1, 1));
    await settled([first, ...others]);
    await settled([backend.set("k", 4)]);
    expect(written.map(({ text, isNext }) => [text, isNext])).toEqual([
      ["[1]", undefined],
      ["[3]", true],
      ["[4]", undefined],
    ]);
  });

  it("shows a value at once, and keeps it when it is accepted, without telling anybody twice", async () => {
    backend.receive([row("k", { n: 0 }, 1)]);
    const shown = record("k");
    const answer = Promise.withResolvers<Answer>();
    answers.push(answer.promise);
    const done = backend.set("k", { n: 1 });
    expect(valueOf("k")).toEqual({ n: 1 });
    await settle();
    answer.resolve(accept({ n: 1 }, 2));
    await done;
    expect(shown).toEqual([{ n: 0 }, { n: 1 }]);
    expect(written).toMatchObject([{ key: "k", text: stringify({ n: 1 }) }]);
    expect(written[0]).not.toHaveProperty("expect");
  });

  it("takes an answer without a body as its own value, under the number that it was given", async () => {
    backend.receive([row("k", 1, 1)]);
    answers.push({ status: 204, headers: { [acceptedHeader]: `5 ${epoch}` } });
    await backend.set("k", 2);
    backend.receive([row("k", "older", 4)]);
    expect(valueOf("k")).toBe(2);
    backend.receive([row("k", "newer", 6)]);
    expect(valueOf("k")).toBe("newer");
  });

  it("shows a copy: what happens to the value later is not shown", async () => {
    const value = { n: 1 };
    answers.push(accept(value, 1));
    const done = backend.set("k", value);
    value.n = 2;
    expect(valueOf("k")).toEqual({ n: 1 });
    await done;
    expect(written).toMatchObject([{ text: stringify({ n: 1 }) }]);
  });

  it("goes back to the actor's value when the write is refused, and says why", async () => {
    backend.receive([row("k", 1, 1)]);
    const shown = record("k");
    answers.push({ status: 422, body: { code: "VALUE_INVALID", error: "Too large." } });
    const refused = caught(() => backend.set("k", 99));
    await settle();
    const error = await refused;
    expect(error).toMatchObject({ code: "VALUE_INVALID", status: 422 });
    expect(publicMessage(error)).toBe("Too large.");
    expect(shown).toEqual([1, 99, 1]);
  });

  it("goes back to what others have written meanwhile", async () => {
    backend.receive([row("k", 1, 1)]);
    const answer = Promise.withResolvers<Answer>();
    answers.push(answer.promise);
    const done = backend.set("k", 99);
    done.catch(() => {});
    await settle();
    backend.receive([row("k", 2, 2)]);
    expect(valueOf("k")).toBe(99);
    answer.resolve({ status: 403, body: { code: "ACTION_REFUSED", error: "No." } });
    expect(await codeOf(() => done)).toBe("ACTION_REFUSED");
    expect(valueOf("k")).toBe(2);
  });

  it("sends several sets of one turn as one, and later ones when it is answered", async () => {
    const first = Promise.withResolvers<Answer>();
    answers.push(first.promise, accept(5, 2));
    const all = [backend.set("k", 1), backend.set("k", 2), backend.set("k", 3)];
    await settle();
    all.push(backend.set("k", 4), backend.set("k", 5));
    await settle();
    expect(written.map(({ text }) => text)).toEqual(["[3]"]);
    first.resolve(accept(3, 1));
    await Promise.all(all);
    expect(written.map(({ text }) => text)).toEqual(["[3]", "[5]"]);
    expect(valueOf("k")).toBe(5);
  });

  it("shows no value between two of its own, whichever order their rows come in", async () => {
    backend.receive([row("k", 0, 1)]);
    const shown = record("k");
    const [first, second] = [Promise.withResolvers<Answer>(), Promise.withResolvers<Answer>()];
    answers.push(first.promise, second.promise);
    const one = backend.set("k", 1);
    await settle();
    const two = backend.set("k", 2);
    backend.receive([row("k", 1, 2)]);
    first.resolve(accept(1, 2));
    await one;
    await settle();
    backend.receive([row("k", 2, 3)]);
    second.resolve(accept(2, 3));
    await two;
    expect(shown).toEqual([0, 1, 2]);
  });

  it("shows what somebody else wrote after it, as soon as it is accepted", async () => {
    backend.receive([row("k", 0, 1)]);
    const answer = Promise.withResolvers<Answer>();
    answers.push(answer.promise);
    const done = backend.set("k", 1);
    await settle();
    backend.receive([row("k", 7, 3)]);
    answer.resolve(accept(1, 2));
    await done;
    expect(valueOf("k")).toBe(7);
  });

  it("deletes", async () => {
    backend.receive([row("k", 1, 1)]);
    answers.push({ body: { row: ["k", null, 2, epoch] } });
    const done = backend.delete("k");
    expect(valueOf("k")).toBe("absent");
    await settle();
    await done;
    expect(written).toMatchObject([{ text: null }]);
  });

  describe("what is written within a frame", () => {
    const groups = (): unknown[] => written.map((body) => ("writes" in body ? body.writes : body));

    it("goes as one request, and each write has its own answer", async () => {
      backend.receive([row("refused", 1, 1)]);
      const replies = [
        { accepted: `5 ${epoch}` },
        { code: "VALUE_INVALID", error: "Too large." },
        { row: row("changed", "by the schema", 7) },
      ];
      answers.push({ body: { replies } });
      const all = [backend.set("a", 1), backend.set("refused", 99), backend.set("changed", 3)];
      all[1]!.catch(() => {});
      await settle();
      expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
      ]);
      expect(await caught(() => all[1]!)).toMatchObject({ code: "VALUE_INVALID", status: 422 });
      expect([valueOf("a"), valueOf("refused"), valueOf("changed")]).toEqual([1, 1, "by the schema"]);
      expect(groups()).toMatchObject([[{ key: "a" }, { key: "refused" }, { key: "changed" }]]);
    });

    it("gathers while a request is on the way", async () => {
      const first = Promise.withResolvers<Answer>();
      answers.push(first.promise, { body: { replies: [{ accepted: `2 ${epoch}` }, { accepted: `3 ${epoch}` }] } });
      const all = [backend.set("a", 1)];
      await settle();
      all.push(backend.set("b", 2));
      await settle();
      all.push(backend.set("c", 3));
      await settle();
      expect(groups()).toMatchObject([{ key: "a" }]);
      await vi.advanceTimersByTimeAsync(16);
      expect(groups()).toMatchObject([{ key: "a" }, [{ key: "b" }, { key: "c" }]]);
      first.resolve(accept(1, 1, "a"));
      await Promise.all(all);
    });

    it("is sent again, each write under its own name, where the answer was lost", async () => {
      answers.push("lost", accept(1, 5, "a"), accept(2, 5, "b"));
      const all = [backend.set("a", 1), backend.set("b", 2)];
      await settle();
      await vi.advanceTimersByTimeAsync(316);
      await Promise.all(all);
      const [before, ...after] = groups() as [WriteRequest[], ...WriteRequest[]];
      expect(after).toMatchObject([
        { key: "a", isAgain: true },
        { key: "b", isAgain: true },
      ]);
      expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    });

    it("waits write by write where some are too many", async () => {
      const tooMany = { code: "RATE_LIMITED", error: "Slow down.", retryAfterMs: 200 };
      answers.push({ body: { replies: [{ accepted: `5 ${epoch}` }, tooMany] } }, accept(2, 6, "b"));
      const all = [backend.set("a", 1), backend.set("b", 2)];
      await settle();
      await all[0];
      await vi.advanceTimersByTimeAsync(200);
      await all[1];
      expect(groups()).toMatchObject([[{ key: "a" }, { key: "b" }], { key: "b" }]);
    });

    it("goes in several requests where it is long", async () => {
      answers.push(...Array.from({ length: 3 }, (): Answer => "lost"));
      const long = "x".repeat(20_000);
      for (const key of ["a", "b", "c"]) backend.set(key, long).catch(() => {});
      await settle();
      expect(written.map(({ key }) => key)).toEqual(["a", "b", "c"]);
    });

    it("goes one by one to a server of an earlier version, and nothing is lost", async () => {
      answers.push(
        { status: 400, body: { code: "REQUEST_INVALID", error: "?" } },
        ...[accept(1, 1, "a"), accept(2, 2, "b"), accept(3, 3, "c"), accept(4, 4, "d")],
      );
      await settled([backend.set("a", 1), backend.set("b", 2)]);
      await settled([backend.set("c", 3), backend.set("d", 4)]);
      expect(written.map(({ key }) => key)).toEqual([undefined, "a", "b", "c", "d"]);
      await vi.advanceTimersByTimeAsync(60_000);
    });
  });

  describe("a change that commutes", () => {
    const zero = { state: "present", seq: 0, value: 0 } as never;

    it("is shown at once, sent as what it is, and resolves with what the server has made of it", async () => {
      backend.receive([row("n", 1, 1)]);
      const shown = record("n");
      answers.push({ body: { row: row("n", 12, 2), made: 12 } });
      const done = backend.change("n", { increment: 1 }, zero);
      expect(valueOf("n")).toBe(2);
      await settle();
      expect(await done).toBe(12);
      expect(shown).toEqual([1, 2, 12]);
      expect(written).toEqual([{ id: expect.any(String), key: "n", change: stringify({ increment: 1 }) }]);
    });

    it("keeps its place among other writes", async () => {
      backend.receive([row("n", 1, 1)]);
      answers.push({ body: { row: row("n", 2, 2), made: 2 } }, accept(10, 3, "n"), {
        body: { row: row("n", 11, 4), made: 11 },
      });
      const all = [
        backend.change("n", { increment: 1 }, zero),
        backend.set("n", 10),
        backend.change("n", { increment: 1 }, zero),
      ];
      expect(valueOf("n")).toBe(11);
      await settle();
      expect(await Promise.all(all)).toEqual([2, undefined, 11]);
    });

    it("goes back where it is refused", async () => {
      backend.receive([row("n", 1, 1)]);
      answers.push({ status: 409, body: { code: "CHANGE_REFUSED", error: "Sold out." } });
      const refused = caught(() => backend.change("n", { increment: -1, min: 0 }, zero));
      expect(valueOf("n")).toBe(0);
      await settle();
      expect(await refused).toMatchObject({ code: "CHANGE_REFUSED", status: 409 });
      expect(valueOf("n")).toBe(1);
    });

    it("is not made twice where its answer was lost", async () => {
      backend.receive([row("n", 1, 7)]);
      answers.push("lost", { body: { row: row("n", 2, 8), made: 2 } });
      const done = backend.change("n", { increment: 1 }, zero);
      await settle();
      await vi.advanceTimersByTimeAsync(300);
      expect(await done).toBe(2);
      expect(written[1]).toEqual({ ...written[0], expect: 7, isAgain: true });
    });

    it("is an update for a server of an earlier version", async () => {
      backend.receive([row("n", 1, 7)]);
      answers.push({ status: 400, body: { code: "REQUEST_INVALID", error: "?" } }, accept(2, 8, "n"));
      const done = backend.change("n", { increment: 1 }, zero);
      await settle();
      expect(await done).toBe(2);
      expect(written[1]).toMatchObject({ text: "[2]", expect: 7 });
    });
  });

  it("refuses what cannot be stored, and shows it no longer", async () => {
    backend.receive([row("k", 1, 1)]);
    const refused = codeOf(() => backend.set("k", () => {}));
    await settle();
    expect(await refused).toBe("VALUE_UNSERIALIZABLE");
    expect(valueOf("k")).toBe(1);
    expect(written).toEqual([]);
  });

  it.each([
    ["a class that extends Map", new (class extends Map {})()],
    [
      "an instance of a class",
      new (class Position {
        x = 1;
      })(),
    ],
    ["a RegExp", /a/],
    [
      "a getter",
      {
        get now() {
          return 1;
        },
      },
    ],
  ])("rejects %s, although a copy of it would be a value", async (_, value) => {
    const refused = codeOf(() => backend.set("k", value));
    await settle();
    expect(await refused).toBe("VALUE_UNSERIALIZABLE");
    expect(written).toEqual([]);
  });

  it("sends of a typed array what it shows", async () => {
    answers.push(accept(new Uint8Array([97]), 1));
    const secret = new TextEncoder().encode("a secret of the page");
    const done = backend.set("k", secret.subarray(0, 1));
    await settle();
    await done;
    expect(written[0]!.text).toBe('[["Uint8Array",1],["ArrayBuffer","YQ=="]]');
  });

  it("waits as long as a server asks that has too much to do", async () => {
    answers.push({ status: 429, body: { code: "RATE_LIMITED", error: "Slow down.", retryAfterMs: 700 } }, accept(1, 1));
    const done = backend.set("k", 1);
    await settle();
    await vi.advanceTimersByTimeAsync(699);
    expect(written).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await done;
    expect(written[1]!.id).toBe(written[0]!.id);
  });
});

describe("a limit that is over in minutes", () => {
  const full = {
    status: 429,
    body: { code: "RATE_LIMITED", error: "Please try again in 45 minutes.", retryAfterMs: 2_700_000 },
  };

  it("ends a write at once, and takes it back", async () => {
    backend.receive([row("k", 5, 3)]);
    answers.push(full);
    const done = caught(() => backend.set("k", 6));
    await settle();
    expect(await done).toMatchObject({
      code: "RATE_LIMITED",
      message: expect.stringContaining("45 minutes"),
      data: { retryAfterMs: 2_700_000 },
    });
    expect(valueOf("k")).toBe(5);
    expect(written).toHaveLength(1);
  });

  it("ends a read at once", async () => {
    readAnswer = () => full;
    expect(await caught(() => backend.load(["k"]))).toMatchObject({ code: "RATE_LIMITED" });
  });
});

describe("updating in a browser", () => {
  it("shows what the function makes, and sends it for the number that it was made of", async () => {
    backend.receive([row("k", 5, 3)]);
    answers.push(accept(6, 4));
    const done = backend.update("k", increment);
    expect(valueOf("k")).toBe(6);
    await settle();
    expect(await done).toBe(6);
    expect(written).toMatchObject([{ text: "[6]", expect: 3 }]);
  });

  it("runs the function again on what a faster writer has written", async () => {
    backend.receive([row("k", 5, 3)]);
    const shown = record("k");
    answers.push({ body: { row: row("k", 10, 4), isConflict: true } }, accept(11, 5));
    const done = backend.update("k", increment);
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await done).toBe(11);
    expect(written).toMatchObject([
      { text: "[6]", expect: 3 },
      { text: "[11]", expect: 4 },
    ]);
    expect(written[0]!.id).not.toBe(written[1]!.id);
    expect(shown).toEqual([5, 6, 11]);
  });

  it("does not count itself twice when its row comes before its answer", async () => {
    backend.receive([row("k", 5, 3)]);
    const shown = record("k");
    const answer = Promise.withResolvers<Answer>();
    answers.push(answer.promise);
    const done = backend.update("k", increment);
    await settle();
    backend.receive([row("k", 6, 4)]);
    expect(valueOf("k")).toBe(6);
    answer.resolve(accept(6, 4));
    await done;
    expect(shown).toEqual([5, 6]);
  });

  it("keeps the order of updates and sets", async () => {
    backend.receive([row("k", 1, 1)]);
    answers.push(accept(2, 2), accept(20, 3), accept(21, 4));
    const all = [backend.update("k", increment), backend.set("k", 20), backend.update("k", increment)];
    expect(valueOf("k")).toBe(21);
    await settle();
    await Promise.all(all);
    expect(written).toMatchObject([{ text: "[2]", expect: 1 }, { text: "[20]" }, { text: "[21]", expect: 3 }]);
  });

  it("reads a key first that is not known", async () => {
    readAnswer = () => ({ body: { rows: [row("k", 41, 7)], refused: [] } });
    answers.push(accept(42, 8));
    const done = backend.update("k", increment);
    expect(valueOf("k")).toBe("unknown");
    await settle();
    await vi.advanceTimersByTimeAsync(0);
    expect(await done).toBe(42);
    expect(written).toMatchObject([{ expect: 7 }]);
  });

  it("expects number 0 where there is no value", async () => {
    backend.receive([["k", null, 9, epoch]]);
    answers.push(accept(1, 10));
    const done = backend.update("k", increment);
    await settle();
    await done;
    expect(written).toMatchObject([{ expect: 0 }]);
  });

  it("rejects with what the function throws, and goes on with the others", async () => {
    backend.receive([row("k", 1, 1)]);
    answers.push(accept(2, 2));
    const broken = backend.update("k", () => {
      throw new Error("broken");
    });
    const done = backend.update("k", increment);
    await expect(broken).rejects.toThrow("broken");
    await settle();
    expect(await done).toBe(2);
  });

  it("gives up against writers that are always faster", async () => {
    backend.receive([row("k", 0, 1)]);
    answers = Array.from({ length: 20 }, (_, at): Answer => ({
      body: { row: row("k", at, at + 2), isConflict: true },
    }));
    const done = backend.update("k", increment);
    done.catch(() => {});
    await settle();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await codeOf(() => done)).toBe("UPDATE_CONFLICT");
    expect(valueOf("k")).toBe(19);
  });
});

describe("a page that is left", () => {
  it("sends what is not answered once more, as a request that outlives it, and later writes too", async () => {
    const listeners = new Map<string, () => void>();
    const sent: RequestInit[] = [];
    vi.stubGlobal("addEventListener", (type: string, listener: () => void) => listeners.set(type, listener));
    const respond = fetch;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      sent.push(init);
      return respond(url, init);
    });
    // The writer listens from when it is loaded.
    vi.resetModules();
    const leaving = new (await import("./browser-backend.ts")).BrowserBackend(
      () => [row("k", 1, 4)],
      () => {},
    );
    leaving.hydrate();
    const never = new Promise<Answer>(() => {});
    answers.push(never, never, never);
    void leaving.set("k", 2);
    await settle();
    expect(sent.map(({ keepalive }) => keepalive)).toEqual([false]);

    listeners.get("pagehide")!();
    void leaving.set("other", 3);
    await settle();
    expect(sent.map(({ keepalive }) => keepalive)).toEqual([false, true, true]);
    expect(written).toMatchObject([
      { text: "[2]" },
      { id: written[0]!.id, text: "[2]", expect: 4, isAgain: true },
      { key: "other", text: "[3]" },
    ]);

    listeners.get("pageshow")!();
    answers.push(never);
    void leaving.set("third", 4);
    await settle();
    await vi.advanceTimersByTimeAsync(16);
    expect(sent.at(-1)!.keepalive).toBe(false);
    // Other tests have no requests on the way.
    vi.resetModules();
  });
});

describe("a lost answer", () => {
  it("sends the write once more under the same name, for the value that it was made for", async () => {
    backend.receive([row("k", 1, 4)]);
    answers.push("lost", accept(2, 5));
    const done = backend.set("k", 2);
    await settle();
    await vi.advanceTimersByTimeAsync(300);
    await done;
    expect(written).toMatchObject([{ text: "[2]" }, { text: "[2]", expect: 4, isAgain: true }]);
    expect(written[1]!.id).toBe(written[0]!.id);
  });

  it("reads the outcome when that is lost too, and shows it", async () => {
    backend.receive([row("k", 1, 4)]);
    readAnswer = () => ({ body: { rows: [row("k", 3, 6)], refused: [] } });
    answers.push("lost", "lost");
    const done = backend.set("k", 2);
    done.catch(() => {});
    await settle();
    await vi.advanceTimersByTimeAsync(300);
    expect(await codeOf(() => done)).toBe("WRITE_UNCONFIRMED");
    expect(valueOf("k")).toBe(3);
    expect(written).toHaveLength(2);
  });

  it("takes the page of a proxy for a lost answer", async () => {
    backend.receive([row("k", 1, 4)]);
    answers.push({ status: 502, body: "Bad gateway" }, accept(2, 5));
    const done = backend.set("k", 2);
    await settle();
    await vi.advanceTimersByTimeAsync(300);
    await done;
    expect(written[1]).toMatchObject({ isAgain: true });
  });

  it.each<[what: string, code: string, again: () => void]>([
    [
      "the browser has no connection any more",
      "WRITE_UNCONFIRMED",
      () => vi.stubGlobal("navigator", { onLine: false }),
    ],
    ["somebody else looks", "WRITE_UNCONFIRMED", () => backend.forget()],
    ["the server cannot look into it", "WRITE_UNCONFIRMED", () => answers.push(refuse("BACKEND_UNAVAILABLE", 503))],
    ["the session has ended", "WRITE_UNCONFIRMED", () => answers.push(refuse("UNAUTHORIZED", 401))],
    ["there is no room for it", "WRITE_UNCONFIRMED", () => answers.push(refuse("RATE_LIMITED", 429, 60_000))],
    ["the server is of an earlier version", "WRITE_UNCONFIRMED", () => answers.push(refuse("REQUEST_INVALID", 400))],
    ["a hook refuses it", "ACTION_REFUSED", () => answers.push(refuse("ACTION_REFUSED", 403))],
  ])("says whether it was saved only where that is known: %s when it is sent again", async (_, code, again) => {
    backend.receive([row("k", 1, 4)]);
    answers.push("lost");
    const done = codeOf(() => backend.change("k", { increment: 1 }, { state: "present", seq: 0, value: 0 }));
    await settle();
    again();
    await vi.advanceTimersByTimeAsync(300);
    expect(await done).toBe(code);
  });

  it("does not send at all while the browser has no connection", async () => {
    vi.stubGlobal("navigator", { onLine: false });
    backend.receive([row("k", 1, 4)]);
    readAnswer = () => "lost";
    const done = backend.set("k", 2);
    done.catch(() => {});
    await settle();
    expect(await codeOf(() => done)).toBe("BACKEND_UNAVAILABLE");
    expect(valueOf("k")).toBe(1);
    expect(written).toEqual([]);
  });
});

describe("somebody else who looks", () => {
  it("does not write what was written before: neither what waits, nor what has to be sent again", async () => {
    const [first, later] = [Promise.withResolvers<Answer>(), Promise.withResolvers<Answer>()];
    answers.push(first.promise, later.promise, accept("of Bob", 9));
    const sent = caught(() => backend.set("k", "sent by Ada"));
    await vi.dynamicImportSettled();
    const waiting = caught(() => backend.set("k", "of Ada"));
    const update = caught(() => backend.update("k", () => "update of Ada"));
    expect(valueOf("k")).toBe("update of Ada");
    backend.forget();
    expect(valueOf("k")).toBe("unknown");
    first.resolve("lost");
    await vi.runAllTimersAsync();
    for (const write of [waiting, update])
      expect(publicMessage((await write) as Error)).toContain("This was not saved.");
    // Whether it was written in the name of the one before is not known.
    expect(await sent).toMatchObject({ code: "WRITE_UNCONFIRMED" });
    expect(written.filter(({ text }) => text?.includes("Ada")).map(({ text }) => text)).toEqual([
      stringify("sent by Ada"),
    ]);
    answers.shift();
    await backend.set("k", "of Bob");
    expect(valueOf("k")).toBe("of Bob");
  });
});
