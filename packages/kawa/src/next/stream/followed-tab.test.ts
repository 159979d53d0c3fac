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

describe("a tab whose render shows something older than it has told", () => {
  it.each(["before", "after"])(
    "has to render again whatever versions it shows, where that turns out %s it is followed",
    async (when) => {
      await backend.set("a", 1);
      const render = new RenderReads("render-of-followed-tab");
      render.versions.set(backend.id, backend.version);
      render.add(backend.id, "a");
      render.shownText = formatVersions(toShownVersions(render.versions.values()));
      knownRenders().add(render);
      const noteOlder = (): void => {
        render.versions.set(backend.id, { ...backend.version, seq: backend.version.seq - 1 });
        render.noteOlder(backend.id);
      };
      if (when === "before") noteOlder();
      const noteChange = vi.fn<TabStream["noteChange"]>();
      const stream: TabStream = {
        subject: "",
        needsDrain: false,
        send: () => {},
        takeReads: () => true,
        giveBackReads: () => {},
        noteChange,
      };
      const tab = new FollowedTab(stream, "tab");
      try {
        tab.follow({ route: [[render.id, render.shownText]] });
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
