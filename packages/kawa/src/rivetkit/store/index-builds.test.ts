import { expect, it, onTestFinished, vi } from "vitest";
import { deferred } from "../wire/deferred.ts";
import { IndexBuilds, type IndexBuildsOptions } from "./index-builds.ts";

it("tries again ever more seldom while the storage does not answer, and the log is not filled", async () => {
  const report = vi.spyOn(console, "error").mockReturnValue();
  onTestFinished(() => void report.mockRestore());
  const built = deferred<void>();
  const index = { collection: "todos", index: ["list"], built, builtCount: 0 };
  const waits: number[] = [];
  const collections = {
    indexes: {
      get unbuilt() {
        return built.isSettled ? [] : [index];
      },
    },
    nextEntries: async () => {
      if (waits.length < 9) throw new Error("away");
      return { keys: [], last: undefined };
    },
  };
  const builds = new IndexBuilds({
    collections: collections as unknown as IndexBuildsOptions["collections"],
    tasks: { add: (task: () => Promise<unknown>) => task() } as unknown as IndexBuildsOptions["tasks"],
    commitEntries: async () => {},
    write: async () => built.resolve(),
    isOver: () => false,
    wait: async (ms) => void waits.push(ms),
  });
  builds.start();
  await built.promise;
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(report).toHaveBeenCalledTimes(9);
});
