import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KawaError } from "../../core/errors/errors.ts";
import { noteAnswer, noteFailure } from "./engine-answers.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const what = "list its servers";
let count = 0;
let target: Parameters<typeof noteFailure>[0];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  target = { endpoint: `http://engine-${(count += 1)}`, namespace: "app", token: undefined, pool: "p" };
});

afterEach(() => {
  vi.useRealTimers();
  warn.mockClear();
});

/** As whoever asks every second. */
function failFor(seconds: number, error: unknown): void {
  for (let second = 0; second < seconds; second += 1) {
    noteFailure(target, what, error);
    vi.advanceTimersByTime(1_000);
  }
}

const said = (): string[] => warn.mock.calls.map(([text]) => String(text));
const refusal = new KawaError("BACKEND_UNAVAILABLE", "The engine answered 403: no", { data: { status: 403 } });
const away = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });

it("says once, and at once, that an engine refuses, and what to do", () => {
  failFor(600, refusal);
  expect(said()).toEqual([
    expect.stringContaining(
      `${target.endpoint} does not list its servers: The engine answered 403: no (BACKEND_UNAVAILABLE).`,
    ),
  ]);
  expect(said()[0]).toContain("Set RIVET_TOKEN");
});

it("says once that an engine does not answer for long, and when it does again", () => {
  failFor(9, away);
  expect(said()).toEqual([]);
  noteAnswer(target, what);
  failFor(600, away);
  expect(said()).toEqual([expect.stringContaining("did not for 10 s: ECONNREFUSED. Actors go on where they are")]);
  noteAnswer(target, what);
  noteAnswer(target, what);
  expect(said().slice(1)).toEqual([`[kawa] The engine at ${target.endpoint} can list its servers again.`]);
});

it("takes failures that are far from each other for no outage", () => {
  for (let time = 0; time < 5; time += 1) {
    failFor(1, away);
    vi.advanceTimersByTime(60_000);
  }
  expect(said()).toEqual([]);
});

it("says it again after an hour", () => {
  failFor(3_605, refusal);
  expect(said()).toHaveLength(2);
});

it("says of each thing that is refused that it is", () => {
  noteFailure(target, what, refusal);
  noteAnswer(target, "list its actors");
  noteFailure(target, "start an actor elsewhere", refusal);
  expect(said()).toEqual([
    expect.stringContaining("list its servers"),
    expect.stringContaining("start an actor elsewhere"),
  ]);
});
