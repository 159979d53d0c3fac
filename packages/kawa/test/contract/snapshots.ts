import { describe, expect, it } from "vitest";
import type { Snapshot } from "../../src/core/backend/backend.ts";
import { type CurrentBackend, increment, valueOf } from "./support.ts";

export async function valuesIn(snapshot: Snapshot, keys: readonly string[]): Promise<unknown[]> {
  await snapshot.load(keys);
  return keys.map((key) => valueOf<unknown>(snapshot.entry(key).peek(), undefined));
}

export function describeSnapshots(current: CurrentBackend): void {
  describe("a snapshot", () => {
    it("has the version of its moment, once the backend is connected", async () => {
      const backend = current();
      const first = await backend.snapshotFor();
      expect(first.version).toEqual(backend.version);
      expect(first.version.epoch).not.toBe("");
      await backend.set("a", 1);
      expect(backend.openSnapshot()!.version).toEqual(backend.version);
      expect(first.version.seq).toBeLessThan(backend.version.seq);
    });

    it("shows what was there when it was opened, whatever is written meanwhile", async () => {
      const backend = current();
      const keys = ["set", "updated", "deleted", "cleared:1", "cleared:2", "made", "untouched"];
      const before = [1, 1, 1, 1, 1, undefined, 1];
      await Promise.all(keys.filter((_, n) => before[n]).map((key) => backend.set(key, 1)));
      await backend.load(keys);
      const snapshot = await backend.snapshotFor();
      await backend.set("set", 2);
      await backend.update("updated", increment);
      await backend.delete("deleted");
      await backend.clear("cleared:");
      await backend.set("made", 2);
      expect(await valuesIn(snapshot, keys)).toEqual(before);
      expect(await valuesIn(await backend.snapshotFor(), keys)).toEqual([2, 2, undefined, undefined, undefined, 2, 1]);
      expect(snapshot.isConsistent).toBe(true);
    });

    it("shows a key as it was that nobody had asked for when it was opened", async () => {
      const backend = current();
      const snapshot = await backend.snapshotFor();
      await backend.set("made", 1);
      await backend.set("made", 2);
      const between = await backend.snapshotFor();
      await backend.delete("made");
      expect(await valuesIn(snapshot, ["made"])).toEqual([undefined]);
      expect(await valuesIn(between, ["made"])).toEqual([2]);
      expect([snapshot.isConsistent, between.isConsistent]).toEqual([true, true]);
    });

    it("shows its own version, however many are open and in whatever order they are released", async () => {
      const backend = current();
      const snapshots: Snapshot[] = [];
      for (let n = 0; n < 6; n += 1) {
        await backend.set("n", n);
        snapshots.push(await backend.snapshotFor(), await backend.snapshotFor());
        if (n === 3) for (const at of [5, 0, 2]) snapshots[at]!.release();
      }
      await backend.delete("n");
      const open = snapshots.filter((_, at) => ![5, 0, 2].includes(at));
      expect((await Promise.all(open.map((snapshot) => valuesIn(snapshot, ["n"])))).flat()).toEqual([
        0, 1, 2, 3, 3, 4, 4, 5, 5,
      ]);
    });

    it("is all before or all after each clear, at whatever moment it is opened", async () => {
      const backend = current();
      const keys = Array.from({ length: 20 }, (_, n) => `row:${n}`);
      const snapshots: Snapshot[] = [];
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(keys.map((key) => backend.set(key, round)));
        const clearing = backend.clear("row:");
        let isCleared = false;
        void clearing.then(() => (isCleared = true));
        for (; !isCleared; await new Promise(setImmediate)) snapshots.push(await backend.snapshotFor());
        snapshots.push(await backend.snapshotFor());
      }
      for (const snapshot of snapshots) expect(new Set(await valuesIn(snapshot, keys)).size).toBe(1);
    });

    it("is live once it is released, which may be said twice, and does not count as consistent", async () => {
      const backend = current();
      await backend.set("a", 1);
      const snapshot = await backend.snapshotFor();
      await backend.set("a", 2);
      snapshot.release();
      snapshot.release();
      expect(await valuesIn(snapshot, ["a"])).toEqual([2]);
      expect(snapshot.isConsistent).toBe(false);
    });
  });
}
