import { type Backend, globalBackendNow } from "../../core/backend/backend.ts";
import { homeOf } from "../../core/backend/home-of.ts";
import { serverKey } from "../../core/backend/key.ts";
import { processState } from "../../core/process/process-state.ts";
import { isWatched } from "../../core/streams/viewers.ts";
import type { ActorLink } from "./actor-link.ts";
import type { Writer } from "./writer.ts";

/** A backend that nobody has needed from one look to the next lets go of its actor, in milliseconds. */
const lookMs = 150_000;

/** Whether a backend needs its actor. */
export class Rest {
  readonly #link: ActorLink;
  readonly #writer: Writer;

  constructor(link: ActorLink, writer: Writer) {
    this.#link = link;
    this.#writer = writer;
  }

  /**
   * Called now and then. When nothing was read or written since the last time, nothing here follows a value, and no browser shows one, the
   * connection ends, so that the actor can leave the memory. The next use connects anew.
   */
  look(backendId: string): void {
    const { replica, status } = this.#link;
    if (status !== "connected") return;
    const isNeeded = replica.isUsed || replica.isFollowedHere || !this.#writer.isIdle || isWatched(backendId);
    replica.isUsed = false;
    if (!isNeeded) this.#link.rest();
  }
}

type Resting = Backend & { readonly rest: Rest };

type Looks = { readonly backends: Set<Resting>; timer: NodeJS.Timeout | undefined };

/**
 * Lets a backend rest while nobody needs it: a process may have one for each customer. The global backend never rests: its first read would be
 * slow, and what tells whether this server is ready asks for it; of its shards, the one that has what servers keep.
 */
export function restWhenUnused(backend: Resting): void {
  const looks = processState<Looks>("rest-when-unused", () => ({ backends: new Set(), timer: undefined }));
  looks.backends.add(backend);
  looks.timer ??= setInterval(() => {
    const global = globalBackendNow();
    const kept = global && homeOf(global, serverKey(""));
    for (const each of looks.backends) {
      if (each.status === "closed") looks.backends.delete(each);
      else if (each !== kept) each.rest.look(each.id);
    }
  }, lookMs).unref();
}
