import { expect, it } from "vitest";
import { heartbeatGapMs } from "./heartbeat-gap.ts";

it("is short for few streams, and never makes more than 500 pings a second until it is as long as it may be", () => {
  expect(
    [0, 1, 1_250, 1_251, 2_500, 2_501, 5_000, 5_001, 50_000].map((count) => heartbeatGapMs(count, 15_000)),
  ).toEqual([2_500, 2_500, 2_500, 5_000, 5_000, 10_000, 10_000, 15_000, 15_000]);
});
