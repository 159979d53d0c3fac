import type { Backend, Entry, Snapshot } from "../../core/backend/backend.ts";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { isNextBuild, leaveOutOfPrerender, type NextUnit, type NextWork } from "../../core/work/next-work.ts";
import { staticRefusal } from "../../core/work/static-refusal.ts";
import { tellMarker } from "./cached-marker.ts";
import { cachedRead, CachedReads, keepCachedReads, unknownRead } from "./cached-reads.ts";
import { RequestScope } from "./render-scope.ts";

/** Next recognises by this digest an error that ends a prerender and is no fault. */
const dynamicDigest = "DYNAMIC_SERVER_USAGE";

export type CachedScopeOptions = {
  readonly work: NextWork;
  readonly unit: NextUnit;
  /** The render that has called the function, where a request is answered. */
  readonly page: RequestScope | undefined;
};

/**
 * What a function in `"use cache"` reads and sees. Its result is shown to everybody until something that it has read changes, so it belongs
 * to no request. But it sees the same values as the page that has called it.
 */
export class CachedScope extends RequestScope {
  readonly #work: NextWork;
  readonly #unit: NextUnit;
  readonly #page: RequestScope | undefined;
  readonly #reads = new CachedReads();
  #isMarked = false;
  #isLeftOut = false;

  constructor({ work, unit, page }: CachedScopeOptions) {
    const shared = page?.isOver ? undefined : page;
    super(shared?.snapshots);
    this.#work = work;
    this.#unit = unit;
    this.#page = shared;
  }

  override get isDynamic(): boolean {
    return !isNextBuild();
  }

  override markDynamic(): Promise<void> {
    return Promise.reject(this.#refusal());
  }

  override checkRequest(): void {
    throw this.#refusal();
  }

  override async prepareRead(name: string): Promise<void> {
    this.#mark();
    if (!isNextBuild()) return;
    if (!this.#isLeftOut || !this.#work.isBuildTimePrerendering) throw staticRefusal("A signal was read");
    // The result of this pass must not be shown.
    this.#reads.add(unknownRead);
    const error = new Error(
      `Route ${this.#work.route} reads ${name} in "use cache", so it is rendered for each request.`,
    );
    throw Object.assign(error, { digest: dynamicDigest, route: this.#work.route });
  }

  override async openSnapshot(backend: Backend, key?: string): Promise<Snapshot> {
    // Whether hooks decide about reads is known once the backend is connected.
    await backend.load([]);
    if (backend.isGuarded) throw this.#privateRead(key);
    return super.openSnapshot(backend);
  }

  override noteRead(backend: Backend, key: string, entry: Entry): void {
    if (backend.isGuarded) throw this.#privateRead(key);
    this.#mark();
    this.#reads.add(cachedRead(backend, key, entry));
  }

  override noteCached(cached: CachedReads): void {
    this.#mark();
    cached.follow((read) => this.#reads.add(read));
  }

  override end(): void {
    super.end();
    // The page has ended meanwhile, and does not release again what this function has opened.
    if (this.#page?.isOver) this.#page.snapshots.release();
    this.#reads.finish();
    if (this.#reads.size > 0) (this.#unit.tags ??= []).push(this.#reads.toTag());
  }

  protected override release(): void {
    if (!this.#page) super.release();
  }

  /** Marks the result, before anything is returned that depends on a signal. */
  #mark(): void {
    if (this.#isMarked) return;
    this.#isMarked = true;
    keepCachedReads(this.#reads);
    if (!tellMarker(this.#reads.id)) throw staticRefusal("A signal was read");
    // A browser that kept it would show it without announcing its versions.
    this.#unit.explicitStale = 0;
    this.#isLeftOut = leaveOutOfPrerender(new Error(`A signal was read in "use cache" in "${this.#work.route}".`));
  }

  #refusal(): KawaError {
    return staticRefusal(
      "A live part, such as <LiveUpdates>, <LivePage>, a fragment of reactive() or an inline stream, was rendered",
    );
  }

  #privateRead(key?: string): KawaError {
    return new KawaError(
      "CACHE_PRIVATE",
      `${key === undefined ? "A signal" : `"${clip(key)}"`} was read in "use cache" in "${this.#work.route}", and hooks of its actor decide who may read it: ` +
        `a cached result is shown to everybody. Read it outside of the cached function, and pass the value as an argument.`,
      key === undefined ? {} : { data: { key } },
    );
  }
}
