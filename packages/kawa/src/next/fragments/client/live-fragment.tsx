"use client";
import { type ReactElement, type ReactNode, useDeferredValue, useEffect, useState } from "react";
import { parseVersions } from "../../../core/value/version.ts";
import { isAhead } from "../../protocol/is-ahead.ts";
import type { FragmentRef } from "../../protocol/push-protocol.ts";
import { PassingErrors } from "../../boundaries/passing-errors.tsx";
import { type Content, fragmentStore, type ShownFragment } from "./fragment-store.ts";
import { startPushing } from "./push-client.ts";

export type LiveFragmentProps = FragmentRef & { children?: ReactNode };

type Pushed = Content & {
  /** The route's render that it was shown over. */
  readonly over: string;
};

/** The client half of `reactive()`: shows what the route has rendered, or what was pushed since. */
export function LiveFragment({ token, render, versions, children }: LiveFragmentProps): ReactElement {
  const [newest, setNewest] = useState<Pushed>();
  // A transition would wait for the end of every server action that this tab has started. What is deferred waits for nothing but its
  // own content, and shows no fallback either.
  const pushed = useDeferredValue(newest);
  const [fragment] = useState(() => new PacedFragment({ token, render, versions }, setNewest));
  const isPushed = pushed !== undefined && isNewer(pushed.versions, versions, pushed.over === render);
  const shown = isPushed ? pushed.versions : versions;
  // The route may have been rendered for another reason, such as a sign-in, just before what was pushed.
  const isStale = isPushed && pushed.over !== render;

  useEffect(() => {
    Object.assign(fragment, { token, render, versions: isStale ? "" : shown });
    fragment.commit();
  }, [fragment, token, render, shown, isStale, pushed]);
  useEffect(() => {
    startPushing();
    return fragmentStore().add(fragment);
  }, [fragment, token, render]);

  return (
    <PassingErrors onError={() => fragmentStore().lose({ token, render, versions: shown })}>
      {isPushed ? pushed.node : children}
    </PassingErrors>
  );
}

function isNewer(versions: string, others: string, otherwise: boolean): boolean {
  return isAhead(parseVersions(versions), parseVersions(others), otherwise);
}

/** Shows one content after the other: a steady stream of them must not keep React from ever finishing one. */
class PacedFragment implements ShownFragment {
  token: string;
  render: string;
  versions: string;
  readonly #set: (pushed: Pushed) => void;
  #isBusy = false;
  #next: Content | undefined;

  constructor({ token, render, versions }: FragmentRef, set: (pushed: Pushed) => void) {
    this.token = token;
    this.render = render;
    this.versions = versions;
    this.#set = set;
  }

  show(content: Content): void {
    const newest = this.#next ?? this;
    if (isNewer(newest.versions, content.versions, false)) return;
    this.#next = content;
    if (!this.#isBusy) this.#start();
  }

  commit(): void {
    this.#isBusy = false;
    if (this.#next) this.#start();
  }

  #start(): void {
    const content = this.#next!;
    this.#next = undefined;
    this.#isBusy = true;
    this.#set({ ...content, over: this.render });
  }
}
