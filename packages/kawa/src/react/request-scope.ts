import { cache, cacheSignal } from "react";
import { after } from "next/server";
import type { Backend, Entry } from "../core/backend.ts";
import type { Version } from "../core/version.ts";
import { awaitRequest } from "./await-request.ts";
import { shareSnapshots, unshareSnapshots } from "./client-snapshots.ts";
import { knownRenders } from "./known-renders.ts";
import { type RenderName, renderNameOf } from "./render-id.ts";
import { requestChecks } from "./request-checks.ts";
import { RenderReads } from "./render-reads.ts";
import { RenderSnapshots } from "./render-snapshots.ts";

/** First the browser gets its answer. It waits for longer than this before it asks for a new stream. */
const replaceDelayMs = 10;

/** What one render has read, and what it sees. React gives every render its own. */
export class RequestScope {
  readonly snapshots: RenderSnapshots = new RenderSnapshots();
  #reads: RenderReads | undefined;
  #refresh: RenderName["refresh"];
  #fragment: RenderReads | undefined;
  #marking: Promise<void> | undefined;
  #isShared = false;

  /** True once the render is known to belong to a request, and not to a prerender at build time. */
  get isDynamic(): boolean {
    return this.#reads !== undefined;
  }

  /** What the render has read, without its live fragments. Known once the render {@link isDynamic}. */
  get reads(): RenderReads | undefined {
    return this.#reads;
  }

  /** Names the render to browsers. Known once the render {@link isDynamic}. */
  get id(): string {
    return this.#reads?.id ?? "";
  }

  /** Version of each backend that the render shows. */
  get versions(): ReadonlyMap<string, Version> {
    return this.snapshots.versions;
  }

  /** Makes the route dynamic. In a prerender this never resolves, as Next wants it. */
  markDynamic(): Promise<void> {
    this.#marking ??= this.#mark();
    return this.#marking;
  }

  /** Remembers that the render depends on a key, of which it has seen this entry. */
  noteRead(backend: Backend, key: string, entry: Entry): void {
    const hiddenFrom = entry.state === "absent" ? this.snapshots.of(backend)?.identity : undefined;
    (this.#fragment ?? this.#reads)?.add(backend.id, key, hiddenFrom);
  }

  /** While `run` runs, what is read counts for a live fragment and not for the page. */
  readFor<T>(fragment: RenderReads, run: () => T): T {
    const outer = this.#fragment;
    this.#fragment = fragment;
    try {
      return run();
    } finally {
      this.#fragment = outer;
    }
  }

  noteVersion(backend: Backend): void {
    this.snapshots.noteVersion(backend);
  }

  /** Backends that the render before has read of, which this one is to show instead: late parts read them later. */
  get expectedBackends(): ReadonlySet<string> {
    return new Set(this.#refresh?.of?.versions.keys());
  }

  /** Lets client components of the page see the same versions. Resolves with the {@link id} by which they find them. */
  async shareWithClients(): Promise<string> {
    await this.markDynamic();
    const { id } = this;
    if (this.#refresh) return id;
    this.#isShared = true;
    shareSnapshots(id, this.snapshots);
    // The HTML is made after the server components, and is complete with the answer.
    after(() => {
      unshareSnapshots(id);
      this.snapshots.release();
    });
    return id;
  }

  /** The server components are done. */
  end(): void {
    if (!this.#isShared) this.snapshots.release();
    const reads = this.#reads;
    const replaced = this.#refresh?.of;
    if (reads && replaced) setTimeout(() => replaced.replaceWith(reads), replaceDelayMs);
  }

  async #mark(): Promise<void> {
    const headers = await awaitRequest();
    for (const check of requestChecks.values()) check({ headers });
    const { id, refresh } = renderNameOf(headers);
    this.#reads = new RenderReads(id, this.snapshots.versions);
    this.#refresh = refresh;
    knownRenders().add(this.#reads);
  }
}

/** The scope of the render that is running. */
export const requestScope: () => RequestScope = cache(() => {
  const scope = new RequestScope();
  cacheSignal()?.addEventListener("abort", () => scope.end(), { once: true });
  return scope;
});

/**
 * Has the render that is running read the newest versions from now on: for one that lasts longer than what it shows, such as
 * that of a server action which yields JSX again and again. What an earlier yield still renders then reads them too.
 */
export function renewSnapshots(): void {
  requestScope().snapshots.renew();
}
