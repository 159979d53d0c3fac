import { afterEach, expect, it, vi } from "vitest";
import { collectGarbage } from "../../test/support/when-collected.ts";
import { namespace } from "../core/namespace.ts";
import { ExposedSignals } from "./exposed-signals.ts";
import { readValues } from "./read-values.ts";

const scores = namespace("read-memory").family((id: string) => ({ key: `${id}:score`, default: 0 }), { expose: "read" });
const signals = new ExposedSignals({ scores });

afterEach(() => {
  vi.useRealTimers();
});

async function bytesInUse(): Promise<number> {
  // What a finalizer frees is collected the next time.
  for (let n = 0; n < 5; n += 1) {
    collectGarbage();
    await new Promise(setImmediate);
  }
  return process.memoryUsage().heapUsed;
}

/** Reads 200 keys that nobody has read before. */
async function readNewKeys(read: number): Promise<void> {
  const params = new URLSearchParams();
  for (let n = 0; n < 200; n += 1) params.append("key", `read-memory:${read}-${n}-${Math.random().toString(36).slice(2)}:score`);
  const { rows } = await readValues(params.getAll("key"), signals);
  expect(rows).toHaveLength(200);
}

it("leaves no memory behind, when 400 reads name 200 new keys each", { timeout: 60_000 }, async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  for (let read = 0; read < 100; read += 1) await readNewKeys(read);
  vi.advanceTimersByTime(180_000);
  const before = await bytesInUse();
  for (let read = 100; read < 500; read += 1) await readNewKeys(read);
  vi.advanceTimersByTime(180_000);
  expect((await bytesInUse()) / before).toBeLessThan(1.1);
});
