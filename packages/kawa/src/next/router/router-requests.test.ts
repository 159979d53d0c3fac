import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { setCacheBustingSearchParam } from "next/dist/client/components/router-reducer/set-cache-busting-search-param.js";
import type * as Requests from "./router-requests.ts";

type Answer = { readonly answer: Response; send(text: string): void; breakOff(): void; end(): void };

let requests: typeof Requests;
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
function read({ body }: Response) {
  const seen = { text: "", state: "open" };
  void (async () => {
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
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
    const answer = await window.fetch("http://host/b?_rsc=1", init);
    const seen = read(answer);
    for (const text of [root, "2:late\n"]) next.send(text);
    next.end();
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
      const seen = read(await window.fetch("http://host/b?_rsc=1", init));
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
      const seen = read(await window.fetch("http://host/b?_rsc=1", init));
      for (const part of parts) next.send(part);
      await settle();
      next.breakOff();
      await vi.waitFor(() => expect(seen.state).toBe("broken"), { timeout: 10_000 });
      expect(listener).not.toHaveBeenCalledWith("broken");
    },
  );

  it("fails where nobody would ask for another render", async () => {
    const seen = read(await window.fetch("http://host/b?_rsc=1", init));
    next.send(root);
    await settle();
    next.breakOff();
    await vi.waitFor(() => expect(seen.state).toBe("broken"), { timeout: 10_000 });
  });
});

it.each([
  ["an action of the app", { method: "POST", headers: { "next-action": "x" }, body: '["something else"]' }],
  ["a form", { method: "POST", headers: { "next-action": "x" }, body: new FormData() }],
  ["a prefetch", { headers: { rsc: "1" }, priority: "low" }],
  ["a prefetch of a part", { headers: { rsc: "1", "next-router-prefetch": "1" } }],
  ["a request of the app", {}],
] as const)("the answer to %s is not touched", async (_, init) => {
  listen();
  expect(await window.fetch("http://host/b", init as RequestInit)).toBe(next.answer);
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
