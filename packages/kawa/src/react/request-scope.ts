import { cache, cacheSignal } from "react";
import { connection } from "next/server";
import { headers } from "next/headers";
import type { Backend } from "../core/backend.ts";
import type { Version } from "../core/version.ts";
import { pageReads } from "./page-reads.ts";
import { pathHeader } from "./path-header.ts";
import { RenderSnapshots } from "./render-snapshots.ts";

/** What one render has read, and what it sees. React gives every render its own. */
export class RequestScope {
  readonly snapshots: RenderSnapshots = new RenderSnapshots();
  readonly #reads = new Map<string, Backend>();
  #path: string | undefined;
  #isDynamic = false;
  #marking: Promise<void> | undefined;

  /** True once the render is known to belong to a request, and not to a prerender at build time. */
  get isDynamic(): boolean {
    return this.#isDynamic;
  }

  /** Versions of the backends that the render shows, by backend id. */
  get versions(): ReadonlyMap<string, Version> {
    return this.snapshots.versions;
  }

  /** Makes the route dynamic. In a prerender this never resolves, as Next wants it. */
  markDynamic(): Promise<void> {
    this.#marking ??= this.#mark();
    return this.#marking;
  }

  /** Remembers that the render depends on a key. */
  noteRead(backend: Backend, key: string): void {
    const id = `${backend.id}\n${key}`;
    if (this.#reads.has(id)) return;
    this.#reads.set(id, backend);
    if (this.#path !== undefined) pageReads().add(this.#path, backend.id, key);
  }

  noteVersion(backend: Backend): void {
    this.snapshots.noteVersion(backend);
  }

  async #mark(): Promise<void> {
    await connection();
    this.#path = (await headers()).get(pathHeader) ?? undefined;
    this.#isDynamic = true;
  }
}

/** The scope of the render that is running. */
export const requestScope: () => RequestScope = cache(() => {
  const scope = new RequestScope();
  cacheSignal()?.addEventListener("abort", () => scope.snapshots.release(), { once: true });
  return scope;
});

/**
 * Has the render that is running read the newest versions from now on: for one that lasts longer than what it shows, such as
 * that of a server action which yields JSX again and again. What an earlier yield still renders then reads them too.
 */
export function renewSnapshots(): void {
  requestScope().snapshots.renew();
}
