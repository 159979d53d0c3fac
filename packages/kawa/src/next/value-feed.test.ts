import { afterEach, describe, expect, it, vi } from "vitest";
import { memoryBackend } from "../core/memory-backend.ts";
import { membersKey } from "../core/members.ts";
import { membersSignal } from "../core/ephemeral-family.ts";
import { namespace } from "../core/namespace.ts";
import type { BackedSignal } from "../core/signal.ts";
import type { KnownValue, ValueRow } from "../core/value-row.ts";
import { decodeValue } from "../core/value.ts";
import { ValueFeed } from "./value-feed.ts";

const room = namespace("feed-test").family(({ room: name, id }: { room: string; id: string }) => ({ key: `${name}:${id}`, default: "" }), {
  expose: "write",
  ttlMs: 600_000,
});

afterEach(() => {
  vi.useRealTimers();
});

/** What a stream of the list of a group is sent. */
function watch(group: string): { readonly sent: ValueRow[]; stop(): void } {
  const list = membersSignal(`feed-test:${group}`, { backend: undefined, exposure: { expose: "read" } }) as BackedSignal<unknown>;
  const signals = new Map<BackedSignal<unknown>, KnownValue>([[list, [list.key, 0, ""]]]);
  const sent: ValueRow[] = [];
  const feed: ValueFeed = new ValueFeed({ signals, asOpener: (fn) => fn(), isRead: () => true, onRows: () => sent.push(...feed.take()) });
  feed.start();
  return { sent, stop: () => feed.stop() };
}

function idsIn([, text]: ValueRow): readonly string[] {
  return (decodeValue(text!) as { ids: readonly string[] }).ids;
}

async function join(group: string, { count, idLength }: { count: number; idLength: number }): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await room({ room: group, id: String(n).padStart(idLength, "x") }).set("here");
    await vi.advanceTimersByTimeAsync(10);
  }
}

describe("whoever watches the members of a group", () => {
  it("is sent the newest list now and then, where 600 with long ids come within seconds, and all of them at the end", async () => {
    vi.useFakeTimers();
    const { sent, stop } = watch("large");
    await join("large", { count: 600, idLength: 400 });
    await vi.advanceTimersByTimeAsync(2_000);
    const size = sent.reduce((sum, [, text]) => sum + (text?.length ?? 0), 0);
    expect(size).toBeLessThan(3_000_000);
    expect(sent.length).toBeGreaterThan(10);
    expect(idsIn(sent.at(-1)!)).toHaveLength(600);
    stop();
  });

  it("is sent each change of a small group at once", async () => {
    vi.useFakeTimers();
    const { sent, stop } = watch("small");
    await vi.advanceTimersByTimeAsync(0);
    const before = sent.length;
    await join("small", { count: 50, idLength: 36 });
    expect(sent.length - before).toBe(50);
    stop();
  });

  it("is sent nothing after the end", async () => {
    vi.useFakeTimers();
    const { sent, stop } = watch("ended");
    await memoryBackend().set(membersKey("feed-test:ended"), { ttlMs: 1, ids: ["x".repeat(10_000)] });
    await memoryBackend().set(membersKey("feed-test:ended"), { ttlMs: 1, ids: ["y".repeat(10_000)] });
    await vi.advanceTimersByTimeAsync(1);
    stop();
    const { length } = sent;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(length);
  });
});
