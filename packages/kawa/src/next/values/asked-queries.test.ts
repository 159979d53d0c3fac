import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { AskedQueries } from "./asked-queries.ts";

const typist = { session: "one", address: "10.0.0.1" };

let asked: AskedQueries;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  asked = new AskedQueries();
});
afterEach(() => void vi.useRealTimers());

/** How many of so many new queries are refused, each some time after the one before. */
function refusedOf(count: number, gapMs: number, client = typist): number {
  let refused = 0;
  for (let n = 0; n < count; n += 1) {
    vi.advanceTimersByTime(gapMs);
    try {
      asked.note(client, `${gapMs} ${client.session} ${n}`);
    } catch {
      refused += 1;
    }
  }
  return refused;
}

describe("the queries that a client asks for", () => {
  it("have room where somebody types for two hours, and each letter asks for rows and their count", () => {
    expect(refusedOf(2 * 3_000 * 2, 600)).toBe(0);
  });

  it("have room for 500 at once, and the next ones come half a second later", async () => {
    expect(refusedOf(500, 0)).toBe(0);
    const error = await caught(async () => asked.note(typist, "one more"));
    expect(error).toMatchObject({
      code: "RATE_LIMITED",
      message: expect.stringContaining("new queries of collections"),
    });
    expect((error as { data: { retryAfterMs: number } }).data.retryAfterMs).toBe(500);
    vi.advanceTimersByTime(500);
    asked.note(typist, "one more");
    expect(await caught(async () => asked.note(typist, "another one"))).toMatchObject({ code: "RATE_LIMITED" });
  });

  it("cost nothing where they are asked for again, as with each new stream", () => {
    expect(refusedOf(500, 0)).toBe(0);
    for (let n = 0; n < 500; n += 1) asked.note(typist, `0 one ${n}`);
  });

  it("are limited for an address too, whose sessions leave room to those of another one", () => {
    for (let n = 0; n < 10; n += 1) expect(refusedOf(500, 0, { ...typist, session: `s${n}` })).toBe(0);
    expect(refusedOf(10, 0, { ...typist, session: "s10" })).toBe(10);
    expect(refusedOf(10, 0, { session: "s10", address: "10.0.0.2" })).toBe(0);
  });

  it("are remembered as far as they may come at once", () => {
    expect(refusedOf(2_000, 500)).toBe(0);
    expect(asked.count).toBe(2_000 + 500);
  });

  it("take nothing from others of its address when its session is refused", () => {
    refusedOf(6_000, 0);
    expect(refusedOf(5, 0, { ...typist, session: "two" })).toBe(0);
  });
});
