import { randomUUID } from "node:crypto";
import type { ReactNode } from "react";
import { nextWork } from "../../../core/work/next-work.ts";
import { parseVersions, type ShownVersions } from "../../../core/value/version.ts";
import { fragmentScope } from "../../../react/render/fragment-scope.ts";
import { isPromise } from "../../../react/checks/is-promise.ts";
import { fulfilled } from "../../../react/checks/fulfilled.ts";
import { addForeignRender, findRender, removeForeignRender } from "../../../react/render/foreign-renders.ts";
import { knownRenders } from "../../../react/render/known-renders.ts";
import { RenderReads } from "../../../react/render/render-reads.ts";
import type { RequestScope } from "../../../react/render/render-scope.ts";
import { useDynamicScope } from "../../../react/render/use-dynamic-scope.ts";
import { hub } from "../../stream/hub.ts";
import { DrainWatch } from "../../limits/drain-watch.ts";
import { drainTimeoutMs } from "../../limits/limits.ts";
import { countRender } from "../../limits/refresh-pace.ts";
import { renderBudget } from "./render-budget.ts";
import type { PushReader } from "./push-reader.ts";
import { maxPushMs, type Push, type PushEnd } from "../../protocol/push-protocol.ts";
import { type FollowedFragment, type PushedFragment, runFragment } from "./run-fragment.tsx";

/** Least gap between rounds, in milliseconds: no screen shows more. */
const minGapMs = 16;
/** A fragment that waits for longer, or has failed, keeps the others waiting no longer. */
const maxWaitMs = 1_000;
/** Gap between looks at whether a reader under backpressure has drained. */
const blockedGapMs = 100;

/**
 * Renders those of a tab's fragments whose reads have changed: at once, then one round after the other and never one aborted. What
 * changes during a round is in the next. It runs in the request of one visitor, so its output is for that visitor alone.
 */
export class PushStream implements AsyncIterator<Push, PushEnd> {
  readonly #fragments: readonly FollowedFragment[];
  readonly #changed = new Set<FollowedFragment>();
  readonly #rendering = new Set<FollowedFragment>();
  readonly #stops: (() => void)[] = [];
  readonly #onEnd: () => void;
  /** Undefined where it is unknown. */
  readonly #reader: PushReader | undefined;
  readonly #drain = new DrainWatch();
  /** Names this stream in reports of fragments that are rendered too often. */
  readonly #name = randomUUID();
  readonly #route = nextWork()?.work.route ?? "";
  #round = 0;
  #roundAt = Number.NEGATIVE_INFINITY;
  /** When the next round may begin; undefined while none is wanted. */
  #startAt: number | undefined;
  #versions: ShownVersions = {};
  #scope: RequestScope | undefined;
  #releaseTimer: NodeJS.Timeout | undefined;
  #end: PushEnd | undefined;
  #wake = (): void => {};

  constructor(fragments: readonly PushedFragment[], onEnd: () => void, reader?: PushReader) {
    this.#onEnd = onEnd;
    this.#reader = reader;
    this.#fragments = fragments.map((fragment) => this.#follow(fragment));
    const timer = setTimeout(() => this.end("renew"), maxPushMs);
    timer.unref();
    this.#stops.push(() => {
      clearTimeout(timer);
      clearTimeout(this.#releaseTimer);
    });
  }

  end(reason: PushEnd): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    for (const stop of this.#stops) stop();
    this.#disconnectBlocked();
    this.#onEnd();
    this.#wake();
  }

  /** Disconnects a reader under backpressure once it has had `drainTimeoutMs` for what it was sent. */
  #disconnectBlocked(): void {
    const reader = this.#reader;
    if (reader?.needsDrain) setTimeout(() => reader.needsDrain && reader.disconnect(), drainTimeoutMs).unref();
  }

  async next(): Promise<IteratorResult<Push, PushEnd>> {
    while (this.#end === undefined) {
      const waitMs = this.#waitMs();
      if (waitMs <= 0) return { done: false, value: this.#render() };
      await this.#sleep(waitMs);
    }
    return { done: true, value: this.#end };
  }

  /** The browser has gone. What it was sent last may not have come. */
  async return(): Promise<IteratorResult<Push, PushEnd>> {
    for (const { reads } of this.#fragments) removeForeignRender(reads);
    this.end("replaced");
    return this.next();
  }

  async throw(): Promise<IteratorResult<Push, PushEnd>> {
    return this.return();
  }

  #follow(fragment: PushedFragment): FollowedFragment {
    const { render, versions } = fragment.ref;
    const known = findRender(render);
    const followed: FollowedFragment = {
      ...fragment,
      reads: known ?? new RenderReads(render),
      versions: parseVersions(versions),
      changeCount: undefined,
      spentMs: 0,
    };
    if (!known || known.isOlder) this.#changed.add(followed);
    const onChange = (): void => this.#note([followed]);
    const watch = hub().watch({
      render: followed.reads,
      get versions() {
        return followed.versions;
      },
      onChange,
    });
    this.#stops.push(() => watch.stop());
    return followed;
  }

  #note(fragments: readonly FollowedFragment[]): void {
    const { changeCount } = hub();
    // A fragment may have been rendered since that change, together with another one.
    for (const fragment of fragments) {
      if (fragment.reads.isOlder || fragment.changeCount !== changeCount) this.#changed.add(fragment);
    }
    this.#wake();
  }

  #waitMs(): number {
    if (this.#changed.size === 0) return Number.POSITIVE_INFINITY;
    const now = performance.now();
    const flow = this.#drain.look(this.#reader?.needsDrain ?? false, now);
    if (flow === "gone") {
      this.#reader?.disconnect();
      this.end("replaced");
    }
    if (flow !== "flowing") return blockedGapMs;
    const waitMs = this.#roundAt + (this.#rendering.size > 0 ? maxWaitMs : minGapMs) - now;
    if (waitMs > 0) return waitMs;
    this.#startAt ??= renderBudget().reserve(renderBudget().fitting(this.#changed));
    // By the clock of now: what may begin at once must not wait for a timer.
    return this.#startAt - performance.now();
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(durationMs) ? setTimeout(resolve, durationMs) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #render(): Push {
    const round = (this.#round += 1);
    countRender("fragment", this.#name, this.#route);
    this.#roundAt = performance.now();
    clearTimeout(this.#releaseTimer);
    // What a snapshot shows is kept for it, and the next round may be a long time off.
    this.#releaseTimer = setTimeout(() => this.#scope?.snapshots.release(), maxWaitMs);
    this.#releaseTimer.unref();
    this.#versions = hub().versions;
    this.#startAt = undefined;
    const fragments = renderBudget().fitting(this.#changed);
    this.#rendering.clear();
    for (const fragment of fragments) {
      this.#changed.delete(fragment);
      if (fragment.spentMs > 0) renderBudget().learn(fragment.component, fragment.spentMs);
      fragment.spentMs = 0;
      fragment.versions = this.#versions;
      fragment.changeCount = hub().changeCount;
      fragment.reads.isOlder = false;
      this.#rendering.add(fragment);
    }
    return {
      versions: this.#toldVersions(fragments),
      fragments: fragments.map((fragment) => {
        const run = (scope: RequestScope): ReactNode | Promise<ReactNode> => this.#run(fragment, round, scope);
        const Rendered = (): ReactNode | Promise<ReactNode> => run(useDynamicScope());
        // React renders what it iterates over outside of its work loop, where components have no hooks. A promise gets a task of
        // its own, in the same write when it is known to be fulfilled.
        const node = fulfilled(<Rendered />);
        const [index, ...others] = fragment.indexes as readonly [number, ...number[]];
        return others.length > 0 ? ([index, node, others] as const) : ([index, node] as const);
      }),
    };
  }

  /** Versions of the backends that these fragments read, and no others. */
  #toldVersions(fragments: readonly FollowedFragment[]): string {
    const shown = fragments.flatMap(({ reads, ref }) => [
      { render: reads, versions: {} },
      { render: undefined, versions: parseVersions(ref.versions) },
    ]);
    return hub().formatVersions(shown);
  }

  #run(fragment: FollowedFragment, round: number, scope: RequestScope): ReactNode | Promise<ReactNode> {
    this.#enter(scope);
    fragmentScope().renew(round);
    const node = runFragment(fragment);
    const onRendered = (): void => {
      this.#noteForeign(fragment);
      this.#finish(fragment, round);
    };
    if (isPromise(node)) node.then(onRendered, () => this.#finish(fragment, round));
    else onRendered();
    return node;
  }

  /** Before it was rendered here, nothing was known of what another server has read for it. */
  #noteForeign({ reads }: FollowedFragment): void {
    if (this.#end === undefined && !knownRenders().get(reads.id)) addForeignRender(reads);
  }

  #finish(fragment: FollowedFragment, round: number): void {
    if (round === this.#round && this.#rendering.delete(fragment) && this.#rendering.size === 0) this.#wake();
  }

  #enter(scope: RequestScope): void {
    if (this.#scope) return;
    this.#scope = scope;
    for (const { ref, reads } of this.#fragments) fragmentScope().adopt(ref.token, reads);
    const versions = (): ShownVersions => this.#versions;
    // Components that React did not get as elements have read these: any fragment may depend on them.
    const watch = hub().watch({
      render: scope.reads,
      get versions() {
        return versions();
      },
      onChange: () => this.#note(this.#fragments),
    });
    if (this.#end === undefined) this.#stops.push(() => watch.stop());
    else watch.stop();
  }
}
