import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Reservations, type SentBatch } from "./reservations.ts";

const batchOf = (client: string, written: readonly string[], read: readonly string[] = []): SentBatch => ({
  client,
  number: 1,
  settled: 1,
  isWhole: true,
  losses: 2,
  writes: written.map((key) => ({ key, text: "[1]" })),
  checks: read.map((key) => [key, 1]),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("reserved keys", () => {
  it("hold up batches of others that use them, until their transaction has come", async () => {
    const reservations = new Reservations();
    reservations.noteLoss(batchOf("a", ["x"], ["y"]), []);
    expect(reservations.whenFree(batchOf("a", ["x"]))).toBeUndefined();
    expect(reservations.whenFree(batchOf("b", ["z"]))).toBeUndefined();
    const waiting = reservations.whenFree(batchOf("b", ["y"]));
    reservations.end(batchOf("a", ["x"], ["y"]));
    await waiting;
    expect(reservations.whenFree(batchOf("b", ["x", "y"]))).toBeUndefined();
  });

  it("are free again after a moment, whatever becomes of it", async () => {
    const reservations = new Reservations();
    reservations.noteLoss(batchOf("a", ["x"]), []);
    const waiting = reservations.whenFree(batchOf("b", ["x"]));
    await vi.advanceTimersByTimeAsync(100);
    await waiting;
    expect(reservations.whenFree(batchOf("b", ["x"]))).toBeUndefined();
  });

  it("are those in conflict, where the rest of the batch was written, and none before the third loss", () => {
    const reservations = new Reservations();
    const batch = { ...batchOf("a", ["x", "y"]), isWhole: false };
    reservations.noteLoss({ ...batch, losses: 1 }, ["x"]);
    expect(reservations.whenFree(batchOf("b", ["x"]))).toBeUndefined();
    reservations.noteLoss(batch, ["x"]);
    expect(reservations.whenFree(batchOf("b", ["x"]))).toBeDefined();
    expect(reservations.whenFree(batchOf("b", ["y"]))).toBeUndefined();
  });

  it("belong to who was first, and are not too many", () => {
    const reservations = new Reservations();
    reservations.noteLoss(batchOf("a", ["x"]), []);
    reservations.noteLoss(batchOf("b", ["x", "y"]), []);
    expect(reservations.whenFree(batchOf("c", ["y"]))).toBeUndefined();
    const many = Array.from({ length: 65 }, (_, n) => `k${n}`);
    reservations.noteLoss(batchOf("b", many), []);
    expect(reservations.whenFree(batchOf("c", many))).toBeUndefined();
    for (let n = 0; n < 1_100; n += 1) reservations.noteLoss(batchOf(`c${n}`, [`one:${n}`]), []);
    expect(reservations.whenFree(batchOf("d", ["one:998"]))).toBeDefined();
    expect(reservations.whenFree(batchOf("d", ["one:1050"]))).toBeUndefined();
  });
});
