import { Elapsed } from "../../core/process/elapsed.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { Version } from "../../core/value/version.ts";
import { asAnonymous } from "./as-anonymous.ts";
import type { Connection } from "./connection.ts";

/** How long a reader waits for the proof, and when it is tried again where it has failed, in milliseconds. */
const proofMs = 4_000;
const againMs = 30_000;
/** A ping of a healthy connection takes some milliseconds. */
const pingMs = 1_000;

export type ProofOptions = {
  /** True while commits of others may be missing in the replica. */
  readonly isCut: () => boolean;
  /** As `ActorLink.whenConnected`. */
  readonly whenConnected: (deadline: number) => Promise<Connection>;
  /** Resolves with whether the replica has reached the version by the deadline. */
  readonly reaches: (version: Version, deadline: number) => Promise<boolean>;
};

/** The proof that a replica is current, for those who read it after nothing has come for a while, as when the process was stopped. */
export class Proof {
  readonly #options: ProofOptions;
  #proving: Promise<void> | undefined;
  /** Since a proof has failed; undefined when the replica was current meanwhile. */
  #failed: Elapsed | undefined;
  /** Since the replica was known to be current; undefined before it was. */
  #given: Elapsed | undefined;

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  /** Resolves at once where nothing has to be proved, else as {@link prove}. */
  async whenGiven(): Promise<void> {
    if (this.isNeeded) await this.prove();
  }

  /** True where {@link prove} comes before a read: the replica may be old, and it is not known that it cannot be helped. */
  get isNeeded(): boolean {
    if (this.#options.isCut()) return this.#failed === undefined || this.#failed.ms > againMs;
    this.#failed = undefined;
    return false;
  }

  /** How long ago the replica was known to be current, in milliseconds. The actor is asked every two seconds. */
  get ageMs(): number {
    return this.#given?.ms ?? Number.POSITIVE_INFINITY;
  }

  /** The replica is current: after the next silence the proof is needed again. */
  given(): void {
    this.#failed = undefined;
    this.#given = new Elapsed();
  }

  /** Resolves when the actor has told that the replica is current, or after {@link proofMs}: then readers see what there is, and are told. */
  prove(): Promise<void> {
    return (this.#proving ??= asAnonymous(() => this.#prove()).finally(() => (this.#proving = undefined)));
  }

  async #prove(): Promise<void> {
    const end = performance.now() + proofMs;
    this.#failed = undefined;
    try {
      while (performance.now() < end) if (await this.#ask(end)) return;
    } catch {
      // The link reports why it has no connection.
    }
    this.#failed = new Elapsed();
  }

  async #ask(end: number): Promise<boolean> {
    const connection = await this.#options.whenConnected(end);
    const position = await withTimeout(connection.ping(), pingMs, () => undefined).catch(() => undefined);
    if (position) return this.#options.reaches(position, end);
    if (!connection.isOver) connection.suspect();
    return false;
  }
}
