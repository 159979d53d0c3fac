import { cache } from "react";
import type { Backend, Reader } from "../core/backend.ts";
import type { Version } from "../core/version.ts";
import { awaitRequest } from "./await-request.ts";
import { knownRenders } from "./known-renders.ts";
import { createRenderId, isRenderId, renderHeader } from "./render-id.ts";
import { RenderReads } from "./render-reads.ts";

/** What one render has read. React gives every render its own. */
export class RequestScope {
  /** What the render's identity may see, for each backend where that makes a difference. */
  readonly #readers = new Map<string, Reader>();
  readonly #openingReaders = new Map<string, Promise<Reader>>();
  #reads: RenderReads | undefined;
  #marking: Promise<void> | undefined;

  /** True once the render is known to belong to a request, and not to a prerender at build time. */
  get isDynamic(): boolean {
    return this.#reads !== undefined;
  }

  /** Names the render to browsers. Known once the render {@link isDynamic}. */
  get id(): string {
    return this.#reads?.id ?? "";
  }

  /** Version of each backend before the first read of it: all values that the render shows are at least this new. */
  get versions(): ReadonlyMap<string, Version> {
    return this.#reads?.versions ?? nothing;
  }

  /** Where the render reads a backend; undefined until {@link openReader} has found out. */
  readerOf(backend: Backend): Reader | undefined {
    return backend.isGuarded ? this.#readers.get(backend.id) : backend;
  }

  /** True when the render may see other values than the next one. */
  get isGuarded(): boolean {
    return this.#readers.size > 0;
  }

  openReader(backend: Backend): Promise<Reader> {
    let opening = this.#openingReaders.get(backend.id);
    if (!opening) this.#openingReaders.set(backend.id, (opening = this.#openReader(backend)));
    return opening;
  }

  /** Makes the route dynamic. In a prerender this never resolves, as Next wants it. */
  markDynamic(): Promise<void> {
    this.#marking ??= this.#mark();
    return this.#marking;
  }

  /** Remembers that the render depends on a key. */
  noteRead(backend: Backend, key: string): void {
    this.noteVersion(backend);
    this.#reads?.add(backend.id, key);
  }

  noteVersion(backend: Backend): void {
    const { version } = backend;
    if (version.epoch !== "" && !this.#reads?.versions.has(backend.id)) this.#reads?.versions.set(backend.id, version);
  }

  async #openReader(backend: Backend): Promise<Reader> {
    const reader = await backend.readerFor();
    if (reader === backend) return reader;
    // Before the first value is asked for: all of them are at least this new.
    this.noteVersion(backend);
    this.#readers.set(backend.id, reader);
    return reader;
  }

  async #mark(): Promise<void> {
    const given = (await awaitRequest()).get(renderHeader);
    this.#reads = new RenderReads(isRenderId(given) ? given : createRenderId());
    knownRenders().add(this.#reads);
  }
}

const nothing: ReadonlyMap<string, Version> = new Map();

/** The scope of the render that is running. */
export const requestScope: () => RequestScope = cache(() => new RequestScope());
