import { createReactiveRoute } from "kawa/next";
import * as signals from "../../../lib/signals.ts";

export const { GET, POST, PUT } = createReactiveRoute({
  signals,
  // Browsers that write at each frame need more than usual.
  maxRequestsPerSecond: Number(process.env["KAWA_BENCH_RATE"] ?? 50),
});
