import { cache } from "react";
import type { Backend, Reader } from "../core/backend.ts";
import type { Version } from "../core/version.ts";
import { awaitRequest } from "./await-request.ts";
import { pageReads } from "./page-reads.ts";
import { pathHeader } from "./path-header.ts";

/** What one render has read. React gives every render its own. */
export class RequestScope {
  /** Version of each backend before the first read of it: all values that the render shows are at least this new. */
  readonly versions = new Map<string, Version>();
  readonly #reads = new Map<string, Backend>();
  /** What the render's identity may see, for each backend where that makes a difference. */
  readonly #readers = new Map<string, Reader>();
  readonly #openingReaders = new Map<string, Promise<Reader>>();
  #path: string | undefined;
  #isDynamic = false;
  #marking: Promise<void> | undefined;

  /** True once the render is known to belong to a request, and not to a prerender at build time. */
  get isDynamic(): boolean {
    return this.#isDynamic;
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
    const id = `${backend.id}\n${key}`;
    if (this.#reads.has(id)) return;
    this.#reads.set(id, backend);
    if (this.#path !== undefined) pageReads().add(this.#path, backend.id, key);
  }

  noteVersion(backend: Backend): void {
    const { version } = backend;
    if (version.epoch !== "" && !this.versions.has(backend.id)) this.versions.set(backend.id, version);
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
    this.#path = (await awaitRequest()).get(pathHeader) ?? undefined;
    this.#isDynamic = true;
  }
}

/** The scope of the render that is running. */
export const requestScope: () => RequestScope = cache(() => new RequestScope());
