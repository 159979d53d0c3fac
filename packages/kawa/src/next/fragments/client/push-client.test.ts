import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Push, PushAnswer, PushEnd, PushRequest } from "../../protocol/push-protocol.ts";
import { type Content, FragmentStore } from "./fragment-store.ts";
import { PushClient } from "./push-client.ts";

vi.mock("next/navigation", () => ({ unstable_isUnrecognizedActionError: (error: unknown) => error === unknownAction }));
vi.mock("../push/push-fragments.ts", () => ({ pushFragments: undefined }));

const unknownAction = new Error("of another build");

/** A call as the server sees it. */
class Call {
  readonly request: PushRequest;
  readonly #steps: PromiseWithResolvers<IteratorResult<Push, PushEnd>>[] = [];
  #answer = Promise.withResolvers<PushAnswer>();
  #asked = 0;
  #given = 0;

  constructor(request: PushRequest) {
    this.request = request;
  }

  get answer(): Promise<PushAnswer> {
    return this.#answer.promise;
  }

  get names(): string[] {
    return this.request.fragments.map(({ token }) => token);
  }

  async open(unknown: readonly number[] = []): Promise<void> {
    const next = (): Promise<IteratorResult<Push, PushEnd>> => this.#step(this.#asked++).promise;
    this.#answer.resolve({ unknown, pushes: { [Symbol.asyncIterator]: () => ({ next }) } });
    await pass(0);
  }

  async push(index: number, node: Promise<string>, versions = "e@2", others?: readonly number[]): Promise<void> {
    this.#step(this.#given++).resolve({
      done: false,
      value: { versions, fragments: [others ? [index, node, others] : [index, node]] },
    });
    await pass(0);
  }

  async end(reason: PushEnd): Promise<void> {
    this.#step(this.#given++).resolve({ done: true, value: reason });
    await pass(0);
  }

  async fail(error: unknown): Promise<void> {
    this.#answer.reject(error);
    this.#step(this.#given++).reject(error);
    await pass(0);
  }

  #step(index: number): PromiseWithResolvers<IteratorResult<Push, PushEnd>> {
    const step = (this.#steps[index] ??= Promise.withResolvers());
    step.promise.catch(() => {});
    return step;
  }
}

let page: EventTarget & { visibilityState: string };
let store: FragmentStore;
let calls: Call[];
let slots: { grant: () => void; readonly released: () => boolean; readonly signal: AbortSignal }[];
let isSlotFree: boolean;

const pass = (durationMs: number): Promise<unknown> => vi.advanceTimersByTimeAsync(durationMs);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", page);
  store = new FragmentStore();
  calls = [];
  slots = [];
  isSlotFree = true;
  new PushClient({
    store,
    push: (request) => {
      calls.push(new Call(request));
      return calls.at(-1)!.answer;
    },
    acquireSlot: (signal) =>
      new Promise((resolve) => {
        let isReleased = false;
        const grant = (): void => resolve(() => void (isReleased = true));
        slots.push({ grant, released: () => isReleased, signal });
        if (isSlotFree) grant();
      }),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function show(token: string): { readonly contents: Content[]; remove: () => void } {
  const contents: Content[] = [];
  const render = `render-of-${token}`;
  return {
    contents,
    remove: store.add({ token, render, versions: "e@1", show: (content) => void contents.push(content) }),
  };
}

async function setVisibility(state: "hidden" | "visible"): Promise<void> {
  page.visibilityState = state;
  page.dispatchEvent(new Event("visibilitychange"));
  await pass(0);
}

const unpushed = (): string[] => store.shown.map(([render]) => render.replace("render-of-", ""));

describe("the call of a tab", () => {
  it("is one for all fragments that come together", async () => {
    const fragments = ["a", "b", "c"].map(show);
    await pass(20);
    expect(calls.map(({ names }) => names)).toEqual([["a", "b", "c"]]);
    await calls[0]!.open();
    await calls[0]!.push(1, Promise.resolve("new"));
    expect(fragments.map(({ contents }) => contents)).toEqual([[], [{ node: "new", versions: "e@2" }], []]);
    expect(unpushed()).toEqual([]);
  });

  it("brings a fragment once for all of its places", async () => {
    const fragments = ["a", "b", "c"].map(show);
    await pass(20);
    await calls[0]!.open();
    await calls[0]!.push(0, Promise.resolve("same"), "e@2", [2]);
    expect(fragments.map(({ contents }) => contents.length)).toEqual([1, 0, 1]);
  });

  it("makes room for a new one when other fragments are shown, and what still comes in it is shown", async () => {
    const a = show("a");
    await pass(20);
    await calls[0]!.open();
    show("b");
    await pass(20);
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["a", "b"]]);
    expect(new Set(calls.map(({ request }) => request.tab)).size).toBe(1);
    await calls[1]!.open();
    await calls[0]!.push(0, Promise.resolve("late"));
    await calls[0]!.end("replaced");
    expect(a.contents).toHaveLength(1);
    await pass(1_000);
    expect(calls).toHaveLength(2);
  });

  it("is made again for a fragment that leaves the screen and comes back as it was rendered first, however fast", async () => {
    const a = show("a");
    await pass(20);
    await calls[0]!.open();
    await calls[0]!.push(0, Promise.resolve("new"));
    a.remove();
    const again = show("a");
    await pass(20);
    expect(calls.map(({ request }) => request.fragments)).toEqual(
      Array(2).fill([{ token: "a", render: "render-of-a", versions: "e@1" }]),
    );
    await calls[1]!.open();
    await calls[1]!.push(0, Promise.resolve("new"));
    expect(again.contents).toEqual([{ node: "new", versions: "e@2" }]);
    await pass(60_000);
    expect(calls).toHaveLength(2);
  });

  it("is at most one besides another that does not end", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open();
    show("b");
    await pass(20);
    await calls[1]!.open();
    show("c");
    await pass(20);
    expect(calls).toHaveLength(2);
    expect(unpushed()).toEqual(["c"]);
    await calls[0]!.end("renew");
    expect(calls.map(({ names }) => names)).toEqual([["a"], ["a", "b"], ["a", "b", "c"]]);
    await calls[2]!.open();
    expect(unpushed()).toEqual([]);
  });

  it("has two hundred fragments at most; the route is rendered for the others", async () => {
    for (let n = 0; n < 201; n += 1) show(`f${n}`);
    await pass(20);
    expect(calls[0]!.names).toHaveLength(200);
    await calls[0]!.open();
    expect(unpushed()).toEqual(["f200"]);
  });

  it("is made again at once when it has lasted long enough, and after a while when the server restarts", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open();
    await calls[0]!.end("renew");
    expect(calls).toHaveLength(2);
    await calls[1]!.open();
    await calls[1]!.end("restart");
    await pass(499);
    expect(calls).toHaveLength(2);
    await pass(1);
    expect(calls).toHaveLength(3);
  });
});

describe("a fragment that is not pushed", () => {
  it("is one that the server cannot render", async () => {
    for (const name of ["a", "b"]) show(name);
    await pass(20);
    await calls[0]!.open([1]);
    expect(unpushed()).toEqual(["b"]);
  });

  it("is one that has failed, until it succeeds", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open();
    await calls[0]!.push(0, Promise.reject(new Error("failed")));
    expect(unpushed()).toEqual(["a"]);
    await calls[0]!.push(0, Promise.resolve("good"), "e@3");
    expect(unpushed()).toEqual([]);
  });

  it("is any of a tab that waits for its turn", async () => {
    isSlotFree = false;
    show("a");
    await pass(20);
    await pass(999);
    expect(unpushed()).toEqual([]);
    await pass(1);
    expect(unpushed()).toEqual(["a"]);
    expect(calls).toEqual([]);
    slots[0]!.grant();
    await pass(0);
    await calls[0]!.open();
    expect(unpushed()).toEqual([]);
  });

  it("is any where nothing of a call is known to the server, which is not asked again for the same", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open([0]);
    await calls[0]!.end("replaced");
    await pass(60_000);
    expect(calls).toHaveLength(1);
    expect(unpushed()).toEqual(["a"]);
  });
});

describe("a call that fails", () => {
  it("is made again, later each time, and soon after it was good", async () => {
    show("a");
    await pass(20);
    for (const waitMs of [300, 600, 1_200, 2_400, 4_800, 5_000, 5_000]) {
      await calls.at(-1)!.fail(new Error("no network"));
      expect(unpushed()).toEqual(["a"]);
      const count = calls.length;
      await pass(waitMs - 1);
      expect(calls).toHaveLength(count);
      await pass(1);
      expect(calls).toHaveLength(count + 1);
    }
    await calls.at(-1)!.open();
    expect(unpushed()).toEqual([]);
    await calls.at(-1)!.fail(new Error("no network"));
    const count = calls.length;
    await pass(300);
    expect(calls).toHaveLength(count + 1);
  });

  it("because it does not answer or end in time counts as failed", async () => {
    show("a");
    await pass(20);
    await pass(5_000);
    expect(unpushed()).toEqual(["a"]);
    await pass(300);
    await calls[1]!.open();
    await pass(65_000);
    expect(unpushed()).toEqual(["a"]);
    await pass(300);
    expect(calls).toHaveLength(3);
  });

  it("because the server runs another build is the last one", async () => {
    show("a");
    await pass(20);
    await calls[0]!.fail(unknownAction);
    show("b");
    await pass(60_000);
    expect(calls).toHaveLength(1);
    expect(unpushed()).toEqual(["a", "b"]);
  });
});

describe("a tab that is hidden", () => {
  it("ends its call, lets another tab have its turn, and asks again when it is shown", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open();
    await setVisibility("hidden");
    expect(calls[1]!.names).toEqual([]);
    expect(slots[0]!.released()).toBe(false);
    await calls[1]!.open();
    await calls[0]!.end("replaced");
    expect(slots[0]!.released()).toBe(true);
    show("b");
    await pass(60_000);
    expect(calls).toHaveLength(2);
    await setVisibility("visible");
    expect(calls[2]!.names).toEqual(["a", "b"]);
  });

  it("asks for nothing", async () => {
    await setVisibility("hidden");
    show("a");
    await pass(60_000);
    expect([calls, slots]).toEqual([[], []]);
  });

  it("does the same when nothing live is shown any more", async () => {
    const a = show("a");
    await pass(20);
    await calls[0]!.open();
    a.remove();
    await pass(20);
    expect(calls[1]!.names).toEqual([]);
  });
});

describe("the turn of a tab", () => {
  it("is asked for once, whatever is shown meanwhile, and given up when the tab is hidden", async () => {
    isSlotFree = false;
    show("a");
    await pass(20);
    show("b");
    await pass(20);
    expect(slots).toHaveLength(1);
    await setVisibility("hidden");
    expect(slots[0]!.signal.aborted).toBe(true);
    // It was granted at the same moment.
    slots[0]!.grant();
    await pass(60_000);
    expect(slots[0]!.released()).toBe(true);
    expect([calls.length, unpushed()]).toEqual([0, []]);
    isSlotFree = true;
    await setVisibility("visible");
    expect(calls.map(({ names }) => names)).toEqual([["a", "b"]]);
  });

  it("is over at once when the tab is hidden between two calls, and no call follows", async () => {
    show("a");
    await pass(20);
    await calls[0]!.fail(new Error("no network"));
    expect(slots[0]!.released()).toBe(false);
    await setVisibility("hidden");
    expect(slots[0]!.released()).toBe(true);
    await pass(60_000);
    expect(calls).toHaveLength(1);
    await setVisibility("visible");
    expect([slots.length, calls.length]).toEqual([2, 2]);
  });

  it("lasts while the server can push nothing, for what is shown next; hidden it is over, with no call to end", async () => {
    show("a");
    await pass(20);
    await calls[0]!.open([0]);
    await calls[0]!.end("replaced");
    show("b");
    await pass(20);
    expect([slots.length, calls[1]!.names]).toEqual([1, ["a", "b"]]);
    await calls[1]!.open([0, 1]);
    await calls[1]!.end("replaced");
    await setVisibility("hidden");
    expect(slots[0]!.released()).toBe(true);
    expect(calls).toHaveLength(2);
  });

  it("is over with the last call, when the server runs another build: other tabs may run that one", async () => {
    show("a");
    await pass(20);
    await calls[0]!.fail(unknownAction);
    expect(slots[0]!.released()).toBe(true);
    await setVisibility("hidden");
    await setVisibility("visible");
    await pass(60_000);
    expect([slots.length, calls.length]).toEqual([1, 1]);
  });
});
