import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setCacheBustingSearchParam } from "next/dist/client/components/router-reducer/set-cache-busting-search-param.js";
import type * as Requests from "./router-requests.ts";

type Answer = { readonly answer: Response; send(text: string): void; breakOff(): void; end(): void };

let requests: typeof Requests;
/** Next keeps which build a page is of once for all that it loads. */
let build: { setNavigationBuildId(id: string): void };
let asked: [input: unknown, init?: RequestInit][];
let next: Answer;

beforeEach(async () => {
  vi.resetModules();
  asked = [];
  vi.stubGlobal("location", new URL("http://host/a"));
  vi.stubGlobal("window", {
    fetch: async (...args: [unknown, RequestInit?]) => {
      asked.push(args);
      return next.answer;
    },
  });
  build = await import("next/dist/client/navigation-build-id.js");
  requests = await import("./router-requests.ts");
  requests.installRouterRequests();
  next = prepareAnswer();
});

afterEach(() => vi.unstubAllGlobals());

function prepareAnswer(url = "http://host/b?_rsc=1"): Answer {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  const answer = new Response(body, { status: 200, headers: { "content-type": "text/x-component" } });
  Object.defineProperty(answer, "url", { value: url });
  return {
    answer,
    send: (text) => controller.enqueue(new TextEncoder().encode(text)),
    breakOff: () => controller.error(new TypeError("network error")),
    end: () => controller.close(),
  };
}

function listen() {
  const listener = vi.fn<(news: unknown) => void>();
  onTestFinished(requests.onRouterAnswer(listener));
  return listener;
}

/** Begins to read; tells what has come, and how it has ended. */
function read(answer: Promise<Response>) {
  const seen = { text: "", state: "open" };
  void (async () => {
    const reader = (await answer).body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) seen.text += part.value;
    seen.state = "ended";
  })().catch(() => (seen.state = "broken"));
  return seen;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const root = '1:"$Sreact.fragment"\n0:{"t":"$L2"}\n';
const refreshBody = JSON.stringify(["1-22-333-4444", "shown", ["/a"]]);

const ways = {
  navigation: { headers: { rsc: "1" } },
  "refresh by an action": { method: "POST", headers: { "next-action": "x" }, body: refreshBody },
} as const;

describe.each(Object.entries(ways))("an answer to a %s", (_, init) => {
  it("comes as it is", async () => {
    listen();
    const asked = window.fetch("http://host/b?_rsc=1", init);
    const seen = read(asked);
    for (const text of [root, "2:late\n"]) next.send(text);
    next.end();
    const answer = await asked;
    await vi.waitFor(() => expect(seen).toEqual({ text: `${root}2:late\n`, state: "ended" }), { timeout: 10_000 });
    expect([answer.url, answer.redirected, answer.status, answer.headers.get("content-type")]).toEqual([
      "http://host/b?_rsc=1",
      false,
      200,
      "text/x-component",
    ]);
  });

  it.each([
    ["at once", [root]],
    ["in pieces", ['1:"$Sreact.fragment"\n', "0:{", '"t":"$L2"}', "\n"]],
    ["first", ['0:{"t":"$L2"}\n']],
    ["after a mark of Next", ['~0:{"t":"$L2"}\n']],
  ])(
    "goes on when its connection breaks after its root has come %s, and whoever listens is told",
    async (_name, parts) => {
      const listener = listen();
      const seen = read(window.fetch("http://host/b?_rsc=1", init));
      for (const part of parts) next.send(part);
      await vi.waitFor(() => expect(seen.text).toBe(parts.join("")), { timeout: 10_000 });
      expect(listener).not.toHaveBeenCalledWith("broken");
      next.breakOff();
      await vi.waitFor(() => expect(listener).toHaveBeenCalledWith("broken"), { timeout: 10_000 });
      await settle();
      expect(seen.state).toBe("open");
    },
  );

  it.each([
    ["nothing", []],
    ["less", ["0:{"]],
  ])(
    "fails when its connection breaks while there is %s of its root, so that Next asks again",
    async (_name, parts) => {
      const listener = listen();
      const seen = read(window.fetch("http://host/b?_rsc=1", init));
      for (const part of parts) next.send(part);
      await settle();
      next.breakOff();
      await vi.waitFor(() => expect(seen.state).toBe("broken"), { timeout: 10_000 });
      expect(listener).not.toHaveBeenCalledWith("broken");
    },
  );

  it("fails where nobody would ask for another render", async () => {
    const seen = read(window.fetch("http://host/b?_rsc=1", init));
    next.send(root);
    await settle();
    next.breakOff();
    await vi.waitFor(() => expect(seen.state).toBe("broken"), { timeout: 10_000 });
  });
});

/** A row of a text, which React sends as it is. */
const rowOfText = (text: string): string => `a:T${new TextEncoder().encode(text).length.toString(16)},${text}`;

describe("a text that looks like the root of an answer", () => {
  const ofAnother = '\n0:{"b":"other"}\n';
  it.each([
    ["whole", [rowOfText(`ä${ofAnother}`), '0:{"b":"own"}\n']],
    ["in pieces", [rowOfText(`ä${ofAnother}`).slice(0, 3), rowOfText(`ä${ofAnother}`).slice(3, 12)]],
    ["that is none", [rowOfText("\n0:{\n"), '0:{"b":"own"}\n']],
  ])("is none, %s", async (_name, parts) => {
    build.setNavigationBuildId("own");
    listen();
    const seen = read(window.fetch(new URL("http://host/b?_rsc=1") as unknown as string, ways.navigation));
    for (const part of parts) next.send(part);
    await settle();
    if (parts.length === 2 && !parts[1]!.startsWith("0:"))
      next.send(`${rowOfText(`ä${ofAnother}`).slice(12)}0:{"b":"own"}\n`);
    next.end();
    await vi.waitFor(() => expect(seen.state).toBe("ended"), { timeout: 10_000 });
    expect(seen.text).toMatch(/0:\{"b":"own"\}\n$/);
    expect(asked).toHaveLength(1);
  });
});

/** Answers one after the other: each has a build in its root, or says that it does not know the action. */
function prepareAnswers(...builds: readonly string[]): readonly string[] {
  const given: string[] = [];
  Object.defineProperty(next, "answer", {
    get: () => {
      const build = builds[Math.min(given.length, builds.length - 1)]!;
      given.push(build);
      if (build === "gateway") return new Response("Bad gateway", { status: 502 });
      if (build === "unknown")
        return new Response(null, { status: 409, headers: { "x-nextjs-action-not-found": "1" } });
      return new Response(`1:"$Sreact.fragment"\n0:{"t":{"b":"deep"},"b":"${build}"}\n`);
    },
  });
  return given;
}

describe("where servers of two builds answer in turns", () => {
  const push = { method: "POST", headers: { "next-action": "x" }, body: '[{"tab":"1-22-333-4444","fragments":[]}]' };
  const ofApp = { method: "POST", headers: { "next-action": "x" }, body: '["something"]' };
  beforeEach(() => {
    build.setNavigationBuildId("own");
    listen();
  });

  it.each([...Object.entries(ways), ["push of fragments", push] as const])(
    "a %s is asked for until a server of the same build answers",
    async (_, init) => {
      const given = prepareAnswers("other", "other", "own");
      const answer = await window.fetch(new URL("http://host/b?_rsc=1") as unknown as string, init as RequestInit);
      expect(await answer.text()).toContain('"b":"own"');
      expect(given).toEqual(["other", "other", "own"]);
      expect(asked.map(([, { body } = {}]) => body)).toEqual(Array(3).fill((init as RequestInit).body));
    },
  );

  it("an action is sent until a server knows it", async () => {
    const given = prepareAnswers("unknown", "unknown", "other");
    const answer = await window.fetch("http://host/b", ofApp);
    expect([answer.status, given]).toEqual([200, ["unknown", "unknown", "other"]]);
  });

  it("a prefetch is asked for once", async () => {
    const given = prepareAnswers("other");
    await window.fetch("http://host/b?_rsc=1", { headers: { rsc: "1" }, priority: "low" });
    expect(given).toEqual(["other"]);
  });

  describe("while a refresh of Kawa is under way", () => {
    let step: ReturnType<Parameters<typeof requests.tellRefreshes>[0]>;
    const ask = (page: string): Promise<Response> =>
      window.fetch(new URL(page) as unknown as string, ways.navigation as RequestInit);
    beforeEach(() => {
      vi.useFakeTimers();
      step = "page";
      requests.tellRefreshes(() => step);
    });
    afterEach(() => vi.useRealTimers());

    it("what is asked for again is sent again, on a connection that is not dead", async () => {
      const answered = vi.fn<(answer: Response) => void>();
      const sent = vi.fn<() => void>();
      vi.stubGlobal("window", {
        fetch: (_: unknown, { signal }: RequestInit) => {
          sent();
          if (sent.mock.calls.length === 3) return Promise.resolve(new Response('0:{"b":"own"}\n'));
          return new Promise((_resolve, reject) =>
            signal!.addEventListener("abort", () => reject(new TypeError("The user aborted a request."))),
          );
        },
      });
      requests.installRouterRequests();
      void ask("http://host/a?_rsc=1").then(answered);
      for (const count of [1, 2]) {
        await vi.waitFor(() => expect(sent).toHaveBeenCalledTimes(count));
        requests.askAgain();
      }
      await vi.waitFor(() => expect(answered).toHaveBeenCalled());
      expect(sent).toHaveBeenCalledTimes(3);
    });

    it("no server of another build answers for the page that is shown: it would be loaded anew", async () => {
      const given = prepareAnswers(...Array(48).fill("other"), "gateway", "own");
      const answer = ask("http://host/a?_rsc=1");
      await vi.advanceTimersByTimeAsync(1_200_000);
      expect(await (await answer).text()).toContain('"b":"own"');
      expect(given).toHaveLength(50);
    });

    it("the page is asked for less and less often", async () => {
      const given = prepareAnswers("other");
      const answered = vi.fn<() => void>();
      ask("http://host/a?_rsc=1").then(answered, answered);
      await vi.advanceTimersByTimeAsync(3_600_000);
      const { length } = given;
      await vi.advanceTimersByTimeAsync(36_000_000);
      // Once in five minutes at most, and so often for ever.
      expect(given.length - length).toBeGreaterThan(100);
      expect(given.length - length).toBeLessThan(400);
      expect(answered).not.toHaveBeenCalled();
    });

    it("the page is asked for soon when there may be a server of its build again", async () => {
      const given = prepareAnswers(...Array(90).fill("other"), "own");
      const answer = ask("http://host/a?_rsc=1");
      await vi.advanceTimersByTimeAsync(1_800_000);
      const { length } = given;
      // What is asked for beside it changes nothing.
      const link = ask("http://host/b?_rsc=1");
      (await import("./own-build.ts")).askSoon();
      await vi.advanceTimersByTimeAsync(10_000);
      await link;
      expect(given.length).toBeGreaterThan(length + 13 + 2);
      await vi.advanceTimersByTimeAsync(7_200_000);
      expect(await (await answer).text()).toContain('"b":"own"');
    });

    it("the page is not asked for while it is left, and soon when one goes back to it", async () => {
      const given = prepareAnswers(...Array(60).fill("other"), "own");
      const answer = ask("http://host/a?_rsc=1");
      await vi.advanceTimersByTimeAsync(60_000);
      const { length } = given;
      vi.stubGlobal("location", new URL("http://host/b"));
      await vi.advanceTimersByTimeAsync(36_000_000);
      expect(given).toHaveLength(length);
      vi.stubGlobal("location", new URL("http://host/a#top"));
      await vi.advanceTimersByTimeAsync(1_600);
      expect(given.length).toBeGreaterThan(length);
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(await (await answer).text()).toContain('"b":"own"');
    });

    it("a refresh that another one has taken the place of asks no more, and one of another page goes on", async () => {
      const given = prepareAnswers("other");
      const answered = vi.fn<() => void>();
      void ask("http://host/a?_rsc=1").then(answered, answered);
      await vi.advanceTimersByTimeAsync(3_600_000);
      const before = given.length;
      await vi.advanceTimersByTimeAsync(36_000_000);
      const ofOne = given.length - before;
      for (let time = 0; time < 5; time += 1) {
        void ask("http://host/a?_rsc=1").then(answered, answered);
        await vi.advanceTimersByTimeAsync(3_600_000);
      }
      vi.stubGlobal("location", new URL("http://host/b"));
      void ask("http://host/b?_rsc=1").then(answered, answered);
      await vi.advanceTimersByTimeAsync(60_000);
      vi.stubGlobal("location", new URL("http://host/a"));
      await vi.advanceTimersByTimeAsync(3_600_000);
      const { length } = given;
      await vi.advanceTimersByTimeAsync(36_000_000);
      expect(given.length - length).toBeLessThan(ofOne * 1.5);
      expect(given.length - length).toBeGreaterThan(ofOne / 1.5);
      expect(answered).not.toHaveBeenCalled();
    });

    it("a route is asked for also when its page is left: what is shown then may build on its layouts", async () => {
      step = "anew";
      const given = prepareAnswers(...Array(50).fill("other"), "own");
      const answer = ask("http://host/a?_rsc=1");
      vi.stubGlobal("location", new URL("http://host/b"));
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect([given.length, await (await answer).text()]).toEqual([51, expect.stringContaining('"b":"own"')]);
    });

    it("a link may load the document", async () => {
      prepareAnswers("other");
      const answer = ask("http://host/b?_rsc=1");
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await (await answer).text()).toContain('"b":"other"');
    });
  });

  it("a click meets its server also where few are left", async () => {
    const given = prepareAnswers(...Array(39).fill("unknown"), "own");
    const answer = await window.fetch("http://host/b", ofApp);
    expect([answer.status, answer.headers.has("x-nextjs-action-not-found"), given.length]).toEqual([200, false, 40]);
  });

  it("nothing is asked for without end, and what failed for long fails sooner the next time", async () => {
    const given = prepareAnswers("other");
    const refused = await window.fetch("http://host/b", ways["refresh by an action"]);
    expect([refused.headers.get("x-nextjs-action-not-found"), given.length]).toEqual(["1", 13]);
    await window.fetch("http://host/b", ways["refresh by an action"]);
    expect(given.length).toBe(15);
    // Next would load the document anew.
    const navigation = await window.fetch(new URL("http://host/b?_rsc=1") as unknown as string, ways.navigation);
    expect(await navigation.text()).toContain('"b":"other"');
    expect(given.length).toBe(28);
  });
});

it.each([
  ["an action of the app", { method: "POST", headers: { "next-action": "x" }, body: '["something else"]' }],
  ["a form", { method: "POST", headers: { "next-action": "x" }, body: new FormData() }],
  ["a prefetch of a part", { headers: { rsc: "1", "next-router-prefetch": "1" } }],
  ["a request of the app", {}],
] as const)("the answer to %s is not touched", async (_, init) => {
  listen();
  expect(await window.fetch("http://host/b", init as RequestInit)).toBe(next.answer);
});

it("the answer to a prefetch of a whole page comes whole, or when an action begins, which may lead to that page", async () => {
  const listener = listen();
  const prefetch = window.fetch("http://host/b", { headers: { rsc: "1" }, priority: "low" } as RequestInit);
  const seen = read(prefetch);
  next.send(root);
  await settle();
  expect([seen, listener.mock.calls]).toEqual([{ text: "", state: "open" }, []]);
  const { breakOff } = next;
  next = prepareAnswer();
  void window.fetch("http://host/a", { method: "POST", headers: { "next-action": "x" }, body: '["something else"]' });
  await vi.waitFor(() => expect(seen.text).toBe(root));
  expect(listener).not.toHaveBeenCalledWith("lost");
  breakOff();
  await vi.waitFor(() => expect(listener).toHaveBeenCalledWith("lost"));
  expect(seen.state).toBe("ended");
});

describe("where Next says that a page was reached from", () => {
  async function ask(url: string, from: string): Promise<{ headers: Record<string, string>; url: URL }> {
    await window.fetch(new URL(url) as unknown as string, { headers: { rsc: "1", "next-url": from } });
    return { headers: asked[0]![1]!.headers as Record<string, string>, url: asked[0]![0] as URL };
  }

  it("itself, nothing is said, and the address has the sum of what is", async () => {
    const { headers, url } = await ask("http://host/b?x=1&_rsc=1", "/b");
    expect(headers).toEqual({ rsc: "1" });
    const right = new URL("http://host/b?x=1");
    await setCacheBustingSearchParam(right, { rsc: "1" });
    expect(url.href).toBe(right.href);
  });

  it("itself below a base path, nothing is said", async () => {
    vi.stubEnv("__NEXT_ROUTER_BASEPATH", "/shop");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await ask("http://host/shop/b?_rsc=1", "/b")).headers).toEqual({ rsc: "1" });
  });

  it("elsewhere, it stays, and so does the address", async () => {
    const { headers, url } = await ask("http://host/b?_rsc=1", "/a");
    expect(headers["next-url"]).toBe("/a");
    expect(url.href).toBe("http://host/b?_rsc=1");
  });
});
