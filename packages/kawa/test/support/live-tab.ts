import { vi } from "vitest";
import { LiveTab } from "../../src/next/refresh/live-tab.ts";
import type { LiveRefreshWay } from "../../src/next/refresh/live-tab-options.ts";
import type { RefreshStep } from "../../src/next/refresh/refresh-queue.ts";
import { type FakeStreams, settle } from "./fake-streams.ts";

/** Versions of a page, as text. */
export const at = (seq: number): string => `e@${seq}`;

type Options = { readonly way?: LiveRefreshWay; readonly page?: string };

/** A tab whose page was rendered as `r0`, with a stream that is open. */
export async function openTab(streams: FakeStreams, { way = "auto", page }: Options = {}) {
  const tab = new LiveTab();
  const refresh = vi.fn<(step: RefreshStep, refreshCount: number) => void>();
  const shown = { render: "r0", versions: at(0), refreshCount: 0, navigationCount: 0 };
  const commit = async (news: Partial<typeof shown> = {}): Promise<void> => {
    const { render, versions, refreshCount, navigationCount } = Object.assign(shown, news);
    tab.commit({ shown: [render, versions], refreshCount, navigationCount });
    await settle();
  };
  const unmount = tab.mount({ src: "/api/reactive", way, refresh });
  if (page !== undefined) tab.markPage([page, at(0)]);
  await commit();
  await vi.dynamicImportSettled();
  await settle();
  await streams.last.send("hello", { versions: at(0) });
  const announce = async (seq: number, what: "page" | "route" = "route"): Promise<void> => {
    const [name] = Object.keys(streams.last.request.tabs) as [string];
    await streams.last.send("change", { tabs: { [name]: [what, at(seq)] }, spreadMs: 0 });
  };
  const steps = (): readonly RefreshStep[] => refresh.mock.calls.map(([step]) => step);
  return { tab, refresh, commit, announce, steps, unmount };
}
