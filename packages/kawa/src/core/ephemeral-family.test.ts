import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../test/support/caught.ts";
import type { Backend } from "./backend/backend.ts";
import { computed } from "./computed.ts";
import { effect } from "./effect.ts";
import { memberIdsOf, membersOf } from "./ephemeral-family.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace } from "./namespace.ts";

let count = 0;
let backend: Backend;

beforeEach(() => {
  vi.useFakeTimers();
  count += 1;
  backend = createMemoryBackend(`ephemeral-${count}`);
});
afterEach(() => vi.useRealTimers());

const options = { ttlMs: 10_000 };

function visitors() {
  return namespace("app", { backend }).family(
    (at: { room: string; id: string }) => ({ key: `${at.room}:${at.id}`, default: "" }),
    options,
  );
}

describe("an ephemeral family", () => {
  it("lists who is in each group, in the order in which they came", async () => {
    const family = visitors();
    for (const [room, id] of [
      ["kitchen", "2"],
      ["kitchen", "1"],
      ["hall", "3"],
    ] as const)
      await family({ room, id }).set(`name ${id}`);
    expect(memberIdsOf(family, { room: "kitchen" }).value).toEqual(["2", "1"]);
    expect([...membersOf(family, { room: "kitchen" }).value]).toEqual([
      ["2", "name 2"],
      ["1", "name 1"],
    ]);
    expect(memberIdsOf(family, { room: "attic" }).value).toEqual([]);
  });

  it("has one group where a parameter is no more than an id", async () => {
    const family = namespace("app", { backend }).family((id: string) => ({ key: id, default: 0 }), options);
    await family("a").set(1);
    await family("b").update((current) => current + 2);
    expect([...membersOf(family).value]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });

  it("tells of those who come and go, and of values only where they are read", async () => {
    const family = visitors();
    const [ids, members]: [string[], string[]] = [[], []];
    effect(() => void ids.push(memberIdsOf(family, { room: "kitchen" }).value.join()));
    effect(() => void members.push([...membersOf(family, { room: "kitchen" }).value.values()].join()));
    await family({ room: "kitchen", id: "1" }).set("a");
    await family({ room: "kitchen", id: "1" }).set("b");
    await family({ room: "hall", id: "1" }).set("c");
    await vi.advanceTimersByTimeAsync(options.ttlMs);
    expect(ids).toEqual(["", "1", ""]);
    expect(members).toEqual(["", "a", "b", ""]);
  });

  it("gives the same readable each time", () => {
    const family = visitors();
    expect(memberIdsOf(family, { room: "kitchen" })).toBe(memberIdsOf(family, { room: "kitchen" }));
    expect(memberIdsOf(family, { room: "kitchen" })).not.toBe(memberIdsOf(family, { room: "hall" }));
    expect(computed(() => membersOf(family, { room: "kitchen" }).value.size).value).toBe(0);
  });

  it("has members that live while they are renewed", async () => {
    const family = visitors();
    const member = family({ room: "kitchen", id: "1" });
    await member.set("here");
    for (let life = 0; life < 10; life += 1) {
      await vi.advanceTimersByTimeAsync(options.ttlMs - 1);
      expect(await backend.renew(member.key)).toBe(true);
    }
    expect(member.value).toBe("here");
    await vi.advanceTimersByTimeAsync(options.ttlMs);
    expect(member.value).toBe("");
    expect(await namespace("app", { backend }).keys()).toEqual([]);
  });

  it.each<[string, (id: string) => string, number]>([
    ["whose keys do not end with a parameter", (id) => `${id}:position`, 10_000],
    ["whose ids are a part of the last segment", (id) => `user-${id}`, 10_000],
    ["whose members would end before they are renewed", (id) => id, 999],
    ["whose time is no number", (id) => id, Number.NaN],
  ])("is not one %s", async (_, keyOf, ttlMs) => {
    const define = (): unknown =>
      namespace("app", { backend }).family((id: string) => ({ key: keyOf(id), default: 0 }), { ttlMs });
    expect(await codeOf(async () => define())).toBe("OPTION_INVALID");
  });
});
