import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { type Hosted, Runner } from "./runner.ts";

type Started = { startAndWait(): Promise<void>; shutdown(): Promise<void> };

const { registries, next } = vi.hoisted(() => ({
  registries: [] as (Started & { readonly use: object })[],
  next: { start: async (): Promise<void> => {}, end: async (): Promise<void> => {} },
}));

vi.mock("rivetkit", () => ({
  setup: ({ use }: { use: object }) => {
    const { start, end } = next;
    const registry = {
      use,
      startAndWait: vi.fn<() => Promise<void>>(start),
      shutdown: vi.fn<() => Promise<void>>(end),
    };
    registries.push(registry);
    return registry;
  },
}));

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000 });
const hosted = (name = "one"): Hosted => ({
  target: { endpoint: "http://test", namespace: "kawa-name", token: "kawa-token", pool: "default" },
  isEmbedded: true,
  version: 1,
  definitions: { [name]: {} as never },
  settings: {},
});
const wide = 10_000;
let runner: Runner;

beforeEach(() => {
  runner = new Runner();
  registries.length = 0;
  next.start = next.end = async () => {};
});

afterEach(() => void vi.useRealTimers());

it("none → starting → running", async () => {
  expect(runner.name).toBe("none");
  const started = Promise.withResolvers<void>();
  next.start = () => started.promise;
  const replaced = runner.replace(hosted, wide);
  await waitFor(() => expect(runner.name).toBe("starting"));
  started.resolve();
  await replaced;
  expect(runner.name).toBe("running");
  expect(registries.map(({ use }) => Object.keys(use))).toEqual([["one"]]);
});

it("none → none where nothing is to be hosted", async () => {
  await runner.replace(() => undefined, wide);
  expect([runner.name, registries.length]).toEqual(["none", 0]);
});

it("starting → failed, and says why without what others must not know", async () => {
  next.start = async () => {
    throw new Error("no kawa-token in kawa-name");
  };
  const failing = runner.replace(hosted, wide);
  await expect(failing).rejects.toThrow("no … in …");
  expect(await codeOf(() => failing)).toBe("BACKEND_UNAVAILABLE");
  expect(runner.name).toBe("failed");
  expect(registries[0]!.shutdown).toHaveBeenCalledTimes(1);
});

it("failed → starting → running", async () => {
  next.start = async () => {
    throw new Error("not yet");
  };
  await runner.replace(hosted, wide).catch(() => {});
  next.start = async () => {};
  await runner.replace(hosted, wide);
  expect(runner.name).toBe("running");
});

it("running → running: the next one starts when the one before has ended, with the actors of then", async () => {
  const ended = Promise.withResolvers<void>();
  next.end = () => ended.promise;
  await runner.replace(hosted, wide);
  let name = "two";
  const replaced = runner.replace(() => hosted(name), wide);
  await waitFor(() => expect(registries[0]!.shutdown).toHaveBeenCalledTimes(1));
  name = "three";
  expect(registries).toHaveLength(1);
  ended.resolve();
  await replaced;
  expect(registries.map(({ use }) => Object.keys(use))).toEqual([["one"], ["three"]]);
});

it("running → running: one that does not end is waited for no longer than was said", async () => {
  vi.useFakeTimers();
  next.end = () => new Promise(() => {});
  await runner.replace(hosted, wide);
  const replaced = runner.replace(hosted, wide);
  hostedServices.set("incarnation", {} as never);
  await vi.advanceTimersByTimeAsync(wide - 1);
  expect([runner.name, registries.length, hostedServices.size]).toEqual(["none", 1, 1]);
  await vi.advanceTimersByTimeAsync(1);
  await replaced;
  expect([runner.name, registries.length]).toEqual(["running", 2]);
  // Its actors do not end either.
  expect(hostedServices.size).toBe(0);
});

it("running → none where nothing is to be hosted any more when its turn comes", async () => {
  await runner.replace(hosted, wide);
  const asked = [hosted(), undefined];
  await runner.replace(() => asked.shift(), wide);
  expect([runner.name, registries.length]).toEqual(["none", 1]);
});

it("replaces one after the other", async () => {
  await Promise.all(["one", "two", "three"].map((name) => runner.replace(() => hosted(name), wide)));
  expect(registries.map(({ use }) => Object.keys(use))).toEqual([["one"], ["two"], ["three"]]);
  expect(registries.map(({ shutdown }) => vi.mocked(shutdown).mock.calls.length)).toEqual([1, 1, 0]);
});

it("running → none when it is ended, once", async () => {
  await runner.replace(hosted, wide);
  await runner.end(wide);
  await runner.end(wide);
  expect(runner.name).toBe("none");
  expect(registries[0]!.shutdown).toHaveBeenCalledTimes(1);
});
