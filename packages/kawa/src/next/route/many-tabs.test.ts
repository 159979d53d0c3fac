import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { FollowedTab } from "../stream/followed-tab.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { createReactiveRoute } from "./reactive-route.ts";
import { maxRendersPerTab, maxTabs, type Subscription } from "../protocol/stream-protocol.ts";

vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");

let backend: Backend;

beforeEach(() => {
  backend = createMemoryBackend("many-tabs");
  registerBackend(backend, { global: false });
});

afterEach(() => {
  closeStreams();
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

const manyTabs = (of: (tab: number) => Subscription): Record<string, Subscription> =>
  Object.fromEntries(Array.from({ length: maxTabs }, (_, tab) => [`tab${tab}`, of(tab)]));

async function open(tabs: Record<string, Subscription>) {
  const { POST } = createReactiveRoute();
  const init = { method: "POST", body: JSON.stringify({ tabs }), headers: { "content-type": "application/json" } };
  const { body } = await POST(new Request("http://host/api/reactive", init));
  const reader = body!.getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  let text = "";
  /** Resolves when the stream has said it. */
  const until = async (pattern: RegExp): Promise<string> => {
    while (!pattern.test(text)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The stream has ended without ${pattern}.`);
      text += new TextDecoder().decode(value);
    }
    return text;
  };
  return { reader, until };
}

function rendered(key: string): Subscription {
  const render = new RenderReads(`render-of-${key}`);
  render.versions.set(backend.id, backend.version);
  render.add(backend.id, key);
  render.shownText = formatVersions(toShownVersions(render.versions.values()));
  knownRenders().add(render);
  return { route: [[render.id, render.shownText]] };
}

describe("a stream of very many tabs", () => {
  it("follows a few at a time, and all of them", async () => {
    const follow = vi.spyOn(FollowedTab.prototype, "follow");
    const counts: number[] = [];
    const count = (): void => {
      counts.push(follow.mock.calls.length);
      if (follow.mock.calls.length < maxTabs) setImmediate(count);
    };
    const unknown = (): Subscription => ({
      route: Array.from({ length: maxRendersPerTab }, () => [crypto.randomUUID(), ""]),
    });
    const { until } = await open(manyTabs(unknown));
    expect(follow.mock.calls.length).toBeLessThan(maxTabs / 2);
    setImmediate(count);
    await until(/event: unknown\n/);
    expect(follow).toHaveBeenCalledTimes(maxTabs);
    expect(counts.length).toBeGreaterThan(0);
  });

  it("tells each of them what changes while they are followed", async () => {
    await backend.set("last", 1);
    const tabs = manyTabs((tab) => rendered(tab === maxTabs - 1 ? "last" : `other${tab}`));
    const { until } = await open(tabs);
    await backend.set("last", 2);
    const told = await until(new RegExp(`event: change\\ndata: .*"tab${maxTabs - 1}":\\["route"`));
    expect(told.match(/event: change\n/g)).toHaveLength(1);
  });

  it("follows none of the rest when it has ended", async () => {
    const follow = vi.spyOn(FollowedTab.prototype, "follow");
    const { reader } = await open(manyTabs((tab) => rendered(`key${tab}`)));
    await reader.cancel();
    const { length } = follow.mock.calls;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(follow.mock.calls.length).toBe(length);
    expect(length).toBeLessThan(maxTabs);
  });
});
