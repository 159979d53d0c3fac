import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { EngineFolder } from "./folder.ts";
import { whenStoreFails } from "./store-watch.ts";

let place: ReturnType<typeof makeTempFolder>;
let folder: EngineFolder;
let now: number;
let stop: AbortController;

beforeEach(() => {
  place = makeTempFolder();
  folder = EngineFolder.open(place.path);
  now = 0;
  stop = new AbortController();
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

afterEach(() => {
  stop.abort();
  vi.restoreAllMocks();
  place.remove();
});

/** Counts the checks until the engine is given up; each one fails, and takes so long in which this process has one turn. */
async function checksUntilGivenUp(withoutTurnMs: number): Promise<number> {
  let count = 0;
  const check = async (): Promise<void> => {
    count += 1;
    now += withoutTurnMs;
    throw new Error("It did not answer in time.");
  };
  expect(await whenStoreFails({ check, folder, signal: stop.signal })).toBe("It did not answer in time.");
  return count;
}

describe("an engine that does not answer", () => {
  it("is given up after three checks", async () => {
    expect(await checksUntilGivenUp(100)).toBe(3);
  });

  it("is given up later where this process was held up as well", async () => {
    expect(await checksUntilGivenUp(1_500)).toBe(12);
  });

  it("is not given up when it answers as soon as the machine has time", async () => {
    let count = 0;
    const answered = Promise.withResolvers<void>();
    const check = async (): Promise<void> => {
      count += 1;
      if (count > 6) return answered.resolve();
      now += 1_500;
      throw new Error("It did not answer in time.");
    };
    const failed = whenStoreFails({ check, folder, signal: stop.signal });
    await answered.promise;
    stop.abort();
    expect(await failed).toBeUndefined();
  });
});
