import { describe, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { openTestStore } from "../../../test/support/sqlite.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { maxListSize, membersKey } from "../../core/backend/members.ts";
import { namespace } from "../../core/namespace.ts";
import { cell } from "../../core/process/reactive.ts";
import type { BackedSignal } from "../../core/signal.ts";
import type { Batch } from "../../rivetkit/store/batch-group.ts";
import { checkMember } from "./check-member.ts";
import { ExposedSignals } from "./exposed-signals.ts";

const visitor = namespace("member-test").family(
  ({ room, id }: { room: string; id: string }) => ({ key: `${room}:${id}`, default: "" }),
  {
    expose: "write",
    ttlMs: 600_000,
  },
);
const plain = namespace("member-plain").family((id: string) => ({ key: `x:${id}`, default: "" }), { expose: "write" });
const signals = new ExposedSignals({ visitor, plain });

describe("members of ephemeral groups", () => {
  it.each([
    ["x".repeat(128), true],
    ["x".repeat(129), false],
    ["🎈".repeat(32), true],
    ["🎈".repeat(33), false],
  ])("are reached by browsers where their ids have 128 bytes or less: %s", (id, isReached) => {
    expect(signals.find(`member-test:hall:${id}`, "write") !== undefined).toBe(isReached);
    expect(signals.find(`member-plain:x:${id}`, "write")).toBeDefined();
  });

  it("are refused when the list of their group is full, and those that are there may go on", async () => {
    const held = new Map([
      [membersKey("member-test:full"), createEntry(1, "x".repeat(maxListSize + 1))],
      [membersKey("member-test:almost"), createEntry(1, "x".repeat(maxListSize))],
      ["member-test:full:old", createEntry(1, "[1]")],
    ]);
    const check = (
      key: string,
      { ttlMs = 1_000, isGuarded = false }: { ttlMs?: number | undefined; isGuarded?: boolean } = {},
    ) => {
      const backend = {
        isGuarded,
        load: async () => {},
        entry: (name: string) => cell(held.get(name) ?? createEntry(0, null)),
      };
      return checkMember({ backend, key, ttlMs } as unknown as BackedSignal<unknown>);
    };
    expect(await codeOf(() => check("member-test:full:new"))).toBe("RATE_LIMITED");
    await check("member-test:full:old");
    await check("member-test:almost:new");
    await check("member-test:full:new", { isGuarded: true });
    await check("member-test:none:new");
  });

  it("are refused by the actor too, one by one", async () => {
    const store = await openTestStore();
    const join = (count: number, from: number) =>
      store.write({
        number: 0,
        settled: 0,
        writes: Array.from({ length: count }, (_, n) => ({
          key: `room:${String(from + n).padStart(500, "0")}`,
          text: "[1]",
          ttlMs: 600_000,
        })),
      });
    await join(1_100, 0);
    expect(await codeOf(() => join(1, 5_000))).toBe("RATE_LIMITED");
    expect((await join(1, 7)).conflicts).toEqual([]);
    // A transaction has one writer, whatever it writes besides.
    const whole = (key: string): Batch => ({
      number: 0,
      settled: 0,
      isWhole: true,
      writes: [
        { key: "other", text: "[1]" },
        { key, text: "[1]", ttlMs: 600_000 },
      ],
    });
    const old = `room:${"7".padStart(500, "0")}`;
    for (const make of [
      (key: string) => store.write(whole(key)),
      (key: string) => store.transact(async () => whole(key)),
    ]) {
      expect(await codeOf(() => make("room:new"))).toBe("RATE_LIMITED");
      expect(store.get("other").text).toBeNull();
      expect((await make(old)).conflicts).toEqual([]);
      await store.write({ number: 0, settled: 0, writes: [{ key: "other", text: null }] });
    }
    await store.write({ number: 0, settled: 0, writes: [{ clear: "room:" }] });
    expect((await join(1, 5_000)).conflicts).toEqual([]);
  });
});
