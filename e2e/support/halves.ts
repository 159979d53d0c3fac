import type { Page } from "@playwright/test";

/** What a page of two halves has shown at one moment. */
export type ShownHalves = {
  readonly server: number;
  readonly client: number;
  /** Both of them have come with this change. */
  readonly isFirst: boolean;
  readonly hasFallback: boolean;
};

/** Records what the halves of a page show, each time that something changes. Returns what tells it. */
export async function recordHalves(page: Page): Promise<() => Promise<ShownHalves[]>> {
  await page.evaluate(() => {
    const frames: ShownHalves[] = [];
    Object.assign(window, { frames });
    let before: Element | null = null;
    const valueIn = (half: string): number =>
      Number(document.querySelector(`[data-half=${half}]`)?.textContent ?? Number.NaN);
    const record = (): void => {
      const element = document.querySelector("[data-half=client]");
      const hasFallback = document.querySelector("[data-testid=fallback]") !== null;
      const shown = { server: valueIn("server"), client: valueIn("client"), isFirst: element !== before, hasFallback };
      before = element;
      if (hasFallback || !Number.isNaN(shown.server + shown.client)) frames.push(shown);
    };
    new MutationObserver(record).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { frames: ShownHalves[] }).frames);
}

/** Those whose client half is older. */
export function olderFrames(frames: readonly ShownHalves[]): readonly ShownHalves[] {
  return frames.filter(({ server, client }) => client < server);
}
