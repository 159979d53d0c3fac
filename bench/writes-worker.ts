import { namespace } from "kawa";
import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";
import { host } from "../packages/kawa/src/rivetkit/host.ts";
import type { WriteSamples } from "./writes.ts";

const warmUpCount = 100;
const setCount = 1_000;
const keyCount = 1_000;
const inFlight = 64;
const sliceMs = 1_000;
const sliceCount = 6;

const backend = initReactiveBackend({ registry: reactiveRegistry });
const bench = namespace("bench", { backend });
const signals = Array.from({ length: keyCount }, (_, index) => bench.signal(`key:${index}`, ""));
// 98 characters and the quotes around them.
const text = (index: number): string => String(index).padStart(98, "x");

await backend.load(signals.map(({ key }) => key));

const setMs: number[] = [];
for (let index = 0; index < warmUpCount + setCount; index += 1) {
  const startedAt = performance.now();
  await signals[index % keyCount]!.set(text(index));
  if (index >= warmUpCount) setMs.push(performance.now() - startedAt);
}

let written = 0;
let isDone = false;
const lanes = Array.from({ length: inFlight }, async (_, lane) => {
  for (let index = lane; !isDone; index += inFlight) {
    await signals[index % keyCount]!.set(text(index));
    written += 1;
  }
});
const writesPerSecond: number[] = [];
for (let slice = 0; slice < sliceCount; slice += 1) {
  const before = written;
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, sliceMs));
  // The first slice is the warm-up.
  if (slice > 0) writesPerSecond.push(((written - before) / (performance.now() - startedAt)) * 1_000);
}
isDone = true;
await Promise.all(lanes);
await host().stop();

const samples: WriteSamples = { setMs, writesPerSecond };
console.log(JSON.stringify(samples));
process.exit();
