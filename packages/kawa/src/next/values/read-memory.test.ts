import { expect, it } from "vitest";
import { collectGarbage } from "../../../test/support/when-collected.ts";
import { namespace } from "../../core/namespace.ts";
import type { ReadReply } from "../../browser/value-protocol.ts";
import { ExposedSignals } from "./exposed-signals.ts";
import { readValues } from "./read-values.ts";

const scores = namespace("read-memory").family((id: string) => ({ key: `${id}:score`, default: 0 }), {
  expose: "read",
});
const signals = new ExposedSignals({ scores });

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
  const keys: string[] = [];
  for (let n = 0; n < 200; n += 1) keys.push(`read-memory:${read}-${n}-${Math.random().toString(36).slice(2)}:score`);
  const { text } = await readValues(keys, {
    signals,
    client: { session: undefined, address: `198.51.100.${read % 8}` },
  });
  expect((JSON.parse(text) as ReadReply).rows).toHaveLength(200);
}

it("leaves no memory behind, when 400 reads name 200 new keys each", { timeout: 60_000 }, async () => {
  for (let read = 0; read < 100; read += 1) await readNewKeys(read);
  const before = await bytesInUse();
  for (let read = 100; read < 500; read += 1) await readNewKeys(read);
  expect((await bytesInUse()) / before).toBeLessThan(1.1);
});
