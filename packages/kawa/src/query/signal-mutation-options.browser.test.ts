import { MutationObserver, QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { type FakeRoute, rowOf, settle, stubBrowser } from "../../test/support/fake-route.ts";
import { browserBackend } from "../browser/global-backend.ts";
import { isKawaError, publicMessage } from "../core/errors/errors.ts";
import { namespace } from "../core/namespace.ts";
import type { Signal } from "../core/signal.ts";
import { followSignal } from "./live-queries.ts";
import { type BegunWrite, type SignalChange, signalMutationOptions } from "./signal-mutation-options.ts";
import { signalQueryOptions } from "./signal-query-options.ts";

let client: QueryClient;
let route: FakeRoute;
let signal: Signal<number>;
let mutation: MutationObserver<void, Error, SignalChange<number>, BegunWrite>;
let count = 0;

beforeEach(async () => {
  vi.useFakeTimers();
  route = stubBrowser();
  client = new QueryClient({ defaultOptions: { mutations: { retry: 3 } } });
  count += 1;
  signal = namespace("mutation").signal(`n${count}`, 0, { expose: "write" });
  await browserBackend().receive([rowOf(signal.key, 5, 1)]);
  client.setQueryData(signalQueryOptions(signal).queryKey, 5);
  followSignal(client, signal);
  mutation = new MutationObserver(client, signalMutationOptions(signal));
});
afterEach(() => {
  client.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const cached = (): unknown => client.getQueryData(signalQueryOptions(signal).queryKey);
const accept = (value: number, seq: number): Response => Response.json({ row: rowOf(signal.key, value, seq) });
const refuse = (): Response => Response.json({ code: "VALUE_INVALID", error: "Not that one." }, { status: 422 });

describe("a mutation of a signal", () => {
  it("is in the cache at once, and done when the actor has accepted it", async () => {
    let answer = (_response: Response): void => {};
    route.answers.push(new Promise<Response>((resolve) => (answer = resolve)));
    const done = mutation.mutate(6);
    await settle();
    expect(cached()).toBe(6);
    expect(mutation.getCurrentResult().isPending).toBe(true);
    answer(accept(6, 2));
    await done;
    expect(cached()).toBe(6);
    expect(signal.peek()).toBe(6);
  });

  it("is shown before an earlier one is accepted, and fails alone", async () => {
    const answers: ((response: Response) => void)[] = [];
    for (let write = 0; write < 2; write += 1) route.answers.push(new Promise((resolve) => answers.push(resolve)));
    const first = caught(() => mutation.mutate(-1));
    await settle();
    const second = mutation.mutate((current) => current + 10);
    await settle();
    expect(cached()).toBe(9);
    expect(route.writes).toHaveLength(1);
    answers[0]!(refuse());
    expect(await first).toMatchObject({ code: "VALUE_INVALID" });
    await settle();
    expect(cached()).toBe(15);
    answers[1]!(accept(15, 2));
    await second;
    expect(cached()).toBe(15);
    expect(route.writes.map(({ text }) => text)).toEqual(["[-1]", "[15]"]);
  });

  it("is taken back when it is refused, with an error that people can be shown, and is not tried again", async () => {
    route.answers.push(refuse());
    const error = await caught(() => mutation.mutate(7));
    expect(isKawaError(error, "VALUE_INVALID")).toBe(true);
    expect(publicMessage(error)).toBe("Not that one.");
    expect(mutation.getCurrentResult().error).toBe(error);
    expect(cached()).toBe(5);
    expect(route.writes).toHaveLength(1);
  });

  it("fails without a connection instead of waiting for one", async () => {
    vi.stubGlobal("navigator", { onLine: false });
    expect(await caught(() => mutation.mutate(7))).toMatchObject({ code: "BACKEND_UNAVAILABLE" });
    expect(cached()).toBe(5);
  });

  it("of one key waits for no other key", async () => {
    route.answers.push(new Promise(() => {}));
    void mutation.mutate(6);
    await settle();
    const other = namespace("mutation").signal(`other${count}`, 0, { expose: "write" });
    route.answers.push(Response.json({ row: rowOf(other.key, 1, 3) }));
    const done = new MutationObserver(client, signalMutationOptions(other)).mutate(1);
    await settle();
    // What is written while a request is on the way gathers for a frame.
    await vi.advanceTimersByTimeAsync(16);
    await done;
    expect(route.writes.map(({ key }) => key)).toEqual([signal.key, other.key]);
  });
});
