import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { FollowedTab, type TabStream } from "./followed-tab.ts";

let backend: Backend;

beforeEach(() => {
  vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");
  backend = createMemoryBackend("followed-tab");
  registerBackend(backend, { global: false });
});

afterEach(() => {
  unregisterBackend(backend);
  vi.unstubAllEnvs();
});

const settle = (): Promise<void> => new Promise(setImmediate);

function renderOf(id: string, keys: readonly string[]): RenderReads {
  const render = new RenderReads(id);
  render.versions.set(backend.id, backend.version);
  for (const key of keys) render.add(backend.id, key);
  render.shownText = formatVersions(toShownVersions(render.versions.values()));
  knownRenders().add(render);
  return render;
}

function streamWith(noteChange: TabStream["noteChange"]): TabStream {
  return { subject: "", needsDrain: false, send: () => {}, takeReads: () => true, giveBackReads: () => {}, noteChange };
}

describe("a tab whose page has read what a prefetched layout shows", () => {
  it("renders the route again, since the page may stand in the older layout", async () => {
    await backend.set("a", 1);
    const before = renderOf("of-the-page-before", ["c"]);
    const prefetched = renderOf("prefetched", ["a", "c"]);
    await backend.set("a", 2);
    const navigation = renderOf("of-the-navigation", ["a", "b"]);
    const noteChange = vi.fn<TabStream["noteChange"]>();
    const tab = new FollowedTab(streamWith(noteChange), "tab");
    try {
      const shown = [navigation.id, navigation.shownText!] as const;
      tab.follow({
        route: [
          [before.id, before.shownText!],
          [prefetched.id, ""],
          [navigation.id, ""],
        ],
        page: shown,
      });
      await vi.waitFor(() => expect(noteChange.mock.calls).toEqual([[tab, "route"]]), 20_000);
    } finally {
      tab.stop();
    }
  });

  it("renders the page alone, where the page alone has read what changes", async () => {
    await backend.set("b", 1);
    const before = renderOf("of-the-page-before", ["b", "c"]);
    const prefetched = renderOf("prefetched", ["a", "c"]);
    const navigation = renderOf("of-the-navigation", ["a", "b"]);
    const noteChange = vi.fn<TabStream["noteChange"]>();
    const tab = new FollowedTab(streamWith(noteChange), "tab");
    try {
      tab.follow({
        route: [
          [before.id, before.shownText!],
          [prefetched.id, ""],
          [navigation.id, ""],
        ],
        page: [navigation.id, navigation.shownText!],
      });
      await settle();
      await backend.set("b", 2);
      await vi.waitFor(() => expect(noteChange).toHaveBeenCalled(), 20_000);
      expect(noteChange.mock.calls).toEqual([[tab, "page"]]);
    } finally {
      tab.stop();
    }
  });
});

describe("a tab whose render shows something older than it has told", () => {
  it.each(["before", "after"])(
    "has to render again whatever versions it shows, where that turns out %s it is followed",
    async (when) => {
      await backend.set("a", 1);
      const render = renderOf("render-of-followed-tab", ["a"]);
      const noteOlder = (): void => {
        render.versions.set(backend.id, { ...backend.version, seq: backend.version.seq - 1 });
        render.noteOlder(backend.id);
      };
      if (when === "before") noteOlder();
      const noteChange = vi.fn<TabStream["noteChange"]>();
      const tab = new FollowedTab(streamWith(noteChange), "tab");
      try {
        tab.follow({ route: [[render.id, render.shownText!]] });
        await settle();
        if (when === "after") noteOlder();
        await vi.waitFor(() => expect(noteChange).toHaveBeenCalled(), 20_000);
        expect(noteChange.mock.calls).toEqual([[tab, "route"]]);
        expect(tab.takeVersions()).toBe("");
      } finally {
        tab.stop();
      }
    },
  );
});
