import { AsyncLocalStorage } from "node:async_hooks";
import { type Backend, type Entry, knownBackends, type Snapshot } from "../../core/backend/backend.ts";
import { afterAnswer, awaitRequest } from "../../core/work/next-request.ts";
import { nextWork } from "../../core/work/next-work.ts";
import { clip } from "../../core/errors/clip.ts";
import { notice } from "../../core/process/notice.ts";
import { processState } from "../../core/process/process-state.ts";
import { senderOf } from "../../core/work/refresh-requests.ts";
import type { Version } from "../../core/value/version.ts";
import { type CachedRead, type CachedReads, compareRead } from "./cached-reads.ts";
import { shareSnapshots, unshareSnapshots } from "./client-snapshots.ts";
import type { HookSource } from "../checks/hook-check.ts";
import type { HookPlace } from "../checks/hook-place.ts";
import { knownRenders } from "./known-renders.ts";
import { type RenderName, renderNameOf } from "./render-id.ts";
import { requestChecks } from "../checks/request-checks.ts";
import { RenderReads } from "./render-reads.ts";
import { RenderSnapshots } from "./render-snapshots.ts";
import { ToldVersions } from "./told-versions.ts";

/**
 * This long after an answer, streams are told which renders it replaces, in milliseconds. A browser takes longer to ask for a new stream.
 */
const replaceDelayMs = 10;

const fragmentsInRender = (): AsyncLocalStorage<RenderReads> =>
  processState("fragments-in-render", () => new AsyncLocalStorage());

/** What one render has read, and what it sees. React gives every render its own. */
export class RequestScope {
  readonly snapshots: RenderSnapshots;
  /** Places of hooks whose value was known when their component ran before, and is not known any more. */
  readonly latePlaces: Map<HookSource, HookPlace> = new Map();
  /** True where what is read is shown to all. */
  readonly isForAll: boolean = false;
  /** True once the render has shown `<LiveUpdates>`, which keeps its page current. */
  isFollowed = false;
  #reads: RenderReads | undefined;
  #refresh: RenderName["refresh"];
  /** Undefined while the render has no live fragments: to ask for the running one costs more than the rest of a read. */
  #fragments: AsyncLocalStorage<RenderReads> | undefined;
  #marking: Promise<void> | undefined;
  #isShared = false;
  /** Set for a soft navigation, and for the answer to a server action of the app. */
  #told: ToldVersions | undefined;
  #isOver = false;
  #stopGrowing = (): void => {};
  #isDocument = false;

  constructor(snapshots: RenderSnapshots = new RenderSnapshots()) {
    this.snapshots = snapshots;
  }

  /** True once the render is known to belong to a request, and not to a prerender at build time. */
  get isDynamic(): boolean {
    return this.#reads !== undefined;
  }

  /** True once the server components are done. */
  get isOver(): boolean {
    return this.#isOver;
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

  /** Makes the route dynamic. In a prerender it never resolves: so Next leaves the component for the request. */
  markDynamic(): Promise<void> {
    this.#marking ??= this.#mark();
    return this.#marking;
  }

  /** @throws {KawaError} RENDER_STATIC - what is rendered is kept for others, and belongs to no request */
  checkRequest(): void {}

  /** Has to be awaited before a value is read that is not known yet. Makes the route dynamic. `name` is for messages. */
  prepareRead(_name: string): Promise<void> {
    return this.markDynamic();
  }

  /** What the render sees of a backend. `key` is the key that is about to be read. */
  openSnapshot(backend: Backend, _key?: string): Promise<Snapshot> {
    return this.snapshots.open(backend);
  }

  /** Remembers that the render depends on a key, of which it has seen this entry. */
  noteRead(backend: Backend, key: string, entry: Entry, into: RenderReads | undefined): void {
    const hiddenFrom = entry.state === "absent" ? this.snapshots.of(backend)?.identity : undefined;
    (into ?? this.#reads)?.add(backend.id, key, hiddenFrom);
    if (this.#told && entry.seq > 0) this.#tellVersion(this.#told, backend, entry);
  }

  /**
   * Remembers that the render shows a cached result, and depends on what that was made of.
   *
   * @throws {KawaError} HOST_REFUSED - the request is refused, and is shown nothing
   */
  noteCached(cached: CachedReads): void {
    const into = this.readsHere;
    const follow = (): void => cached.follow((read) => this.#noteCachedRead(read, into ?? this.reads!));
    if (this.isDynamic) return follow();
    // A cached result is there at once, before the request has been checked; a read waits for that.
    const { headers } = nextWork()?.unit ?? {};
    if (headers) checkRequest(headers as Headers);
    this.markDynamic().then(follow, () => {});
  }

  #noteCachedRead(read: CachedRead, reads: RenderReads): void {
    const backend = knownBackends().get(read.backendId);
    if (!backend) {
      for (const id of knownBackends().keys()) reads.noteOlder(id);
      return;
    }
    reads.add(backend.id, read.key);
    const view = this.#isOver ? undefined : this.snapshots.of(backend);
    const { version } = view ?? backend;
    const { versions } = this.snapshots;
    const compare = (entry: Entry): void => {
      if (!versions.has(backend.id)) versions.set(backend.id, version);
      if (compareRead(read, version, entry) === "older") this.#noteOlder(backend, entry, reads);
      else if (this.#told && read.seq > 0) this.#tellVersion(this.#told, backend, read);
    };
    const entry = (view ?? backend).entry(read.key).peek();
    if (entry.state !== "unknown") return compare(entry);
    const stopGrowing = reads.grow();
    const compareLater = (): void => {
      compare(backend.entry(read.key).peek());
      stopGrowing();
    };
    backend.load([read.key]).then(compareLater, compareLater);
  }

  /** Next has given a result that was made for a render which began earlier: the page shows older values than it would by itself. */
  #noteOlder(backend: Backend, { seq }: Entry, reads: RenderReads): void {
    const { versions } = this.snapshots;
    const { epoch, seq: newest } = versions.get(backend.id) ?? backend.version;
    versions.set(backend.id, { epoch, seq: Math.max(0, Math.min(newest, seq - 1)) });
    reads.noteOlder(backend.id);
  }

  #tellVersion(told: ToldVersions, backend: Backend, { seq }: { readonly seq: number }): void {
    const newest = this.snapshots.versions.get(backend.id);
    if (newest) told.note(seq, newest);
  }

  /** The live fragment for which the running code reads; undefined where it reads for the page. */
  get readsHere(): RenderReads | undefined {
    return this.#fragments?.getStore();
  }

  /** What `run` reads, also after it has waited, counts for a live fragment and not for the page. */
  readFor<T>(fragment: RenderReads, run: () => T): T {
    this.#fragments ??= fragmentsInRender();
    return this.#fragments.run(fragment, run);
  }

  /** From now on the render reads the newest versions: it lasts for as long as its page. */
  renew(): void {
    this.#told = undefined;
    this.latePlaces.clear();
    this.snapshots.renew();
    // Next would give the cached results again for as long as the request lasts.
    nextWork()?.work.completedCacheInvocations?.clear();
  }

  noteVersion(backend: Backend): void {
    this.snapshots.noteVersion(backend);
  }

  /** Backends of which the render that this one replaces has read: late parts of this one read them later. */
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
    afterAnswer(() => {
      unshareSnapshots(id);
      this.snapshots.release();
    });
    return id;
  }

  /** The server components are done. */
  end(reason?: unknown): void {
    this.#isOver = true;
    this.#stopGrowing();
    if (process.env.NODE_ENV === "development" && this.#isDocument && !this.isFollowed)
      tellUnfollowed(this.#reads, reason);
    if (!this.#isShared) this.release();
    const reads = this.#reads;
    const replaced = this.#refresh?.of;
    if (reads && replaced) setTimeout(() => replaced.replaceWith(reads), replaceDelayMs);
  }

  protected release(): void {
    this.snapshots.release();
  }

  async #mark(): Promise<void> {
    const headers = await awaitRequest();
    checkRequest(headers);
    const { id, announced, refresh } = renderNameOf(headers);
    this.#reads = announced?.reads ?? new RenderReads(id);
    this.#reads.versions = this.snapshots.versions;
    this.#refresh = refresh;
    // Versions are not told with HTML, which brings its values along, nor in a refresh: the stream tells a page the values that it follows,
    // and the hint of each refresh would stay in its memory.
    const isRefresh = refresh !== undefined || senderOf({ headers, url: nextWork()?.unit?.url }) === "itself";
    this.#isDocument = !isRefresh && headers.get("accept")?.includes("text/html") === true;
    if (!isRefresh && !this.#isDocument) this.#told = new ToldVersions();
    if (!this.#isOver) this.#stopGrowing = this.#reads.grow();
    announced?.stopGrowing();
    knownRenders().add(this.#reads);
  }
}

/** A render that was cut short may not have come to `<LiveUpdates>`. */
function tellUnfollowed(reads: RenderReads | undefined, reason: unknown): void {
  const [key] = [...(reads?.keys.values() ?? [])][0] ?? [];
  if (key === undefined || !String(reason).includes("completed successfully")) return;
  notice(
    "LIVE_UPDATES_MISSING",
    `A page has read "${clip(key)}" and does not follow it: no <LiveUpdates> is around it. Write into the root layout: ` +
      `import { LiveUpdates } from "kawa/next"; and <body><LiveUpdates>{children}</LiveUpdates></body>.`,
  );
}

function checkRequest(headers: Headers): void {
  for (const check of requestChecks.values()) check({ headers });
}
