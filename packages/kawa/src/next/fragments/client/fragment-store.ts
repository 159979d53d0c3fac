import type { ReactNode } from "react";
import { processState } from "../../../core/process/process-state.ts";
import { liveTab } from "../../refresh/live-tab.ts";
import type { OtherRenders } from "../../refresh/shown-page.ts";
import type { ShownRender } from "../../protocol/stream-protocol.ts";
import type { FragmentRef } from "../../protocol/push-protocol.ts";

export type Content = { readonly node: ReactNode; readonly versions: string };

/** A fragment on the screen. */
export type ShownFragment = FragmentRef & { show(content: Content): void };

/** The live fragments that a tab shows, and which of them are not pushed to it. */
export class FragmentStore implements OtherRenders {
  readonly #shown = new Set<ShownFragment>();
  /** Fragments that an error has taken from the screen: only a render of the route brings them back. */
  readonly #lost = new Map<string, ShownRender>();
  readonly #listeners = new Set<() => void>();
  // A new fragment counts as pushed until the tab has asked for it.
  #unpushed: Set<string> | "all" = new Set();
  /** How often a fragment has come to the screen. A fragment does not show what an earlier call has brought. */
  addCount = 0;

  /** Calls `listener` when other fragments are shown, or others are pushed. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  add(fragment: ShownFragment): () => void {
    this.addCount += 1;
    this.#shown.add(fragment);
    this.#lost.delete(fragment.token);
    this.#notify();
    return () => {
      this.#shown.delete(fragment);
      this.#notify();
    };
  }

  /** What a call is to push: each fragment of a render once, though it may be shown several times. */
  toPush(): FragmentRef[] {
    const refs = new Map<string, FragmentRef>();
    for (const { token, render, versions } of this.#shown) {
      const id = `${render} ${token}`;
      const other = refs.get(id);
      // Of two copies with different content, both get the next one.
      refs.set(id, { token, render, versions: other === undefined || other.versions === versions ? versions : "" });
    }
    return [...refs.values()];
  }

  /**
   * Shows what a call has brought. It is dropped where the route was rendered since the call began: another session may have signed in
   * by now, and the next call brings it again.
   */
  show({ token, render }: FragmentRef, content: Content): void {
    for (const fragment of this.#shown)
      if (fragment.token === token && fragment.render === render) fragment.show(content);
    if (this.#unpushed !== "all" && this.#unpushed.delete(token)) this.#notify();
  }

  setUnpushed(tokens: readonly string[] | "all"): void {
    this.#unpushed = typeof tokens === "string" ? tokens : new Set(tokens);
    this.#notify();
  }

  /** The fragment could not be rendered by itself. */
  fail(token: string): void {
    if (this.#unpushed !== "all") this.setUnpushed([...this.#unpushed, token]);
  }

  lose({ token, render, versions }: FragmentRef): void {
    this.#lost.set(token, [render, versions]);
    this.#notify();
  }

  /** Another page is shown: it does not need the lost fragments. */
  onMove(): void {
    this.#lost.clear();
  }

  /** Renders whose changes are not pushed: the route has to be rendered for them. */
  get shown(): readonly ShownRender[] {
    const unpushed = this.#unpushed;
    const shown = [...this.#shown].filter(({ token }) => unpushed === "all" || unpushed.has(token));
    const renders = new Map(shown.map(({ render, versions }) => [render, versions]));
    return [...renders, ...this.#lost.values()];
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The store of this tab. */
export function fragmentStore(): FragmentStore {
  return processState("fragment-store", () => {
    const store = new FragmentStore();
    store.subscribe(liveTab.follow(store));
    return store;
  });
}
