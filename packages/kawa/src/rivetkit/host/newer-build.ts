import type { HostList } from "../engine/pool-api.ts";

/** A server of a newer build that cannot start ends before that, so that it takes over nothing. */
const steadyMs = 3_000;
/** Actors need less to move. */
const againMs = 10_000;

type NewerBuildOptions = {
  readonly version: () => number;
  /** Whether actors live in this process. */
  readonly hosts: () => boolean;
};

/** Decides when this server hands its actors over: the engine starts them where the version is the highest, and leaves those that run. */
export class NewerBuild {
  readonly #options: NewerBuildOptions;
  /** The newest version that actors were handed over to, and when that was. */
  #handedTo = 0;
  #handedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NewerBuildOptions) {
    this.#options = options;
  }

  /**
   * True when actors of this process should start elsewhere: a server of a newer build has come to stay. True once for each newer build, and
   * again when actors have come back, as while the newer server was frozen.
   */
  isHere({ hosts, nowMs }: HostList): boolean {
    const steady = hosts.filter(({ createdAtMs }) => nowMs - createdAtMs >= steadyMs);
    const newest = Math.max(0, ...steady.map(({ version }) => version));
    if (newest <= this.#options.version()) return false;
    const now = performance.now();
    const isTold = newest <= this.#handedTo;
    if (isTold && (!this.#options.hosts() || now - this.#handedAt < againMs)) return false;
    this.#handedTo = newest;
    this.#handedAt = now;
    return true;
  }
}
