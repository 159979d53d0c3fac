import { setTimeout as sleep } from "node:timers/promises";
import { clip } from "../../core/errors/errors.ts";
import type { EngineTarget } from "../settings/engine-target.ts";
import {
  connectedHosts,
  countRunning,
  earlyMs,
  type HostList,
  hostsByKey,
  isFresh,
  type PoolHost,
  type RunningActor,
  runningActor,
  startElsewhere,
} from "./pool-api.ts";

const checkMs = 1_000;
/** Servers of an engine that was away try for about so long to connect to it again. */
const patienceMs = 9_000;
/** They try at the same moments: when one is back for so long, the others should be. */
const afterOthersMs = 2_500;
/** A server that left earlier did not take the actor with it. */
const recentlyMs = 20_000;
/** A server is looked for again after this time, before it counts as gone. */
const secondLookMs = 500;
/** The engine takes up to so long to start an actor elsewhere. */
const moveMs = 6_000;
/** Clocks of several engines differ by less. */
const marginMs = 1_000;

export type LostHostOptions = {
  readonly actorName: string;
  readonly actorId: string;
  readonly target: () => Promise<EngineTarget>;
};

/**
 * Moves an actor whose server is gone. The engine itself takes longer: so that actors live through its own restarts, it has to wait until its
 * servers have come back, and an actor waits as long for the end of its killed server.
 */
export class LostHost {
  readonly #options: LostHostOptions;
  /** The servers that were there when the actor answered, and when that was by the clock of the engine, at the latest. */
  #known: { readonly hosts: ReadonlySet<string>; readonly atMs: number } | undefined;
  /** While the actor cannot be reached: since when the engine answers, and since when a server is back. */
  #answersSince: number | undefined;
  #othersSince: number | undefined;
  #movedAt = Number.NEGATIVE_INFINITY;
  /** Since when the actor runs that the last check has found on no server. */
  #missed: number | undefined;
  /** How often the actor has answered. */
  #answers = 0;
  #isBusy = false;
  /** Servers are to be asked for when the actor answers next. */
  #isDue = false;

  constructor(options: LostHostOptions) {
    this.#options = options;
  }

  /** Call when the actor has answered. It asks the engine on a connection that is new, or was late, until it is told. */
  async note(isNew: boolean): Promise<void> {
    this.#answers += 1;
    this.#forget();
    this.#isDue ||= isNew;
    if (!this.#isDue) return;
    await this.#once(async (target) => {
      const askedAt = performance.now();
      const { hosts, nowMs } = await connectedHosts(target);
      const atMs = nowMs + earlyMs + (performance.now() - askedAt);
      this.#known = { hosts: new Set(hosts.map(({ key }) => key)), atMs };
      this.#isDue = false;
    });
  }

  /** Looks every second, for as long as there is no connection to the actor. */
  async checkWhile(isWithout: () => boolean): Promise<void> {
    for (;;) {
      await sleep(checkMs, undefined, { ref: false });
      if (!isWithout()) return;
      await this.check(false);
    }
  }

  /**
   * Call every second while the actor does not answer.
   *
   * @param isConnected the way through the engine is open: the engine was not away
   */
  async check(isConnected = true): Promise<void> {
    this.#isDue = true;
    if (performance.now() - this.#movedAt < moveMs) return;
    await this.#once(async (target) => {
      const list = await connectedHosts(target);
      if (!isConnected) this.#answersSince ??= performance.now();
      // Nobody could take it: the engine has just started, or all servers are gone.
      if (list.hosts.length === 0) return;
      const { actorName, actorId } = this.#options;
      const actor = await runningActor(target, actorName, actorId);
      if (!actor) return;
      const isPatient = isConnected || this.#hasWaited(list, actor);
      if (!isOlderThanAll(actor, list) && !(isPatient && (await this.#isGone(target, list, actor)))) return;
      this.#movedAt = performance.now();
      await startElsewhere(target, actor);
      console.warn(
        `[kawa] The server of actor "${clip(`${actorName}/${actorId}`)}" is gone. The actor starts on another one.`,
      );
    });
  }

  /** Whether the servers of an engine that was away have had the time to come back. */
  #hasWaited({ hosts }: HostList, actor: RunningActor): boolean {
    const now = performance.now();
    const isBack = (host: PoolHost): boolean => this.#known?.hosts.has(host.key) ?? !isYounger(host, actor);
    if (hosts.some(isBack)) this.#othersSince ??= now;
    return now - (this.#answersSince ?? now) > patienceMs || now - (this.#othersSince ?? now) > afterOthersMs;
  }

  /**
   * Whether a server that was there when the actor answered has left a moment ago, and the actor is still where it was. Where the actor has
   * never answered here: whether the servers that are connected do not have it. A server that was asked for a sign of life a moment ago may
   * only be between two connections: it has left when a second look does not find it either.
   */
  async #isGone(target: EngineTarget, { hosts, nowMs }: HostList, actor: RunningActor): Promise<boolean> {
    const known = this.#known;
    if (!known)
      return this.#isMissed(isOnNone(hosts, actor, await countRunning(target, this.#options.actorName)), actor);
    if (actor.connectableAtMs > known.atMs + marginMs) return false;
    const there = new Set(hosts.map(({ key }) => key));
    const left = [...known.hosts].filter((key) => !there.has(key));
    if (left.length === 0) return false;
    const { hosts: found, nowMs: askedMs } = await hostsByKey(target, left);
    const recent = found.filter((host) => nowMs - host.lastPingAtMs < recentlyMs);
    if (recent.length === 0) return false;
    if (recent.some((host) => !isFresh(host, askedMs))) return true;
    const answers = this.#answers;
    await sleep(secondLookMs, undefined, { ref: false });
    const again = new Set((await connectedHosts(target)).hosts.map(({ key }) => key));
    return answers === this.#answers && recent.some(({ key }) => !again.has(key));
  }

  /** Whether two checks have found the actor on no server: what is counted one after the other does not fit where an actor comes or goes. */
  #isMissed(isOnNoServer: boolean, { connectableAtMs }: RunningActor): boolean {
    const before = this.#missed;
    this.#missed = isOnNoServer ? connectableAtMs : undefined;
    return isOnNoServer && before === connectableAtMs;
  }

  #forget(): void {
    this.#answersSince = this.#othersSince = this.#missed = undefined;
  }

  /** An engine that does not answer is none that could help. It says so itself (`engine-answers`). */
  async #once(work: (target: EngineTarget) => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await work(await this.#options.target());
    } catch {
      this.#forget();
    } finally {
      this.#isBusy = false;
    }
  }
}

/** A server that came after the actor does not have it. */
function isYounger({ createdAtMs }: PoolHost, { connectableAtMs }: RunningActor): boolean {
  return createdAtMs > connectableAtMs + marginMs;
}

/** Servers that could have the actor have none, or all servers together have fewer than there are. */
function isOnNone(hosts: readonly PoolHost[], actor: RunningActor, runningCount: number | undefined): boolean {
  const countOn = (some: readonly PoolHost[]): number => some.reduce((sum, { actorCount }) => sum + actorCount, 0);
  const older = hosts.filter((host) => !isYounger(host, actor));
  return countOn(older) === 0 || (runningCount !== undefined && countOn(hosts) < runningCount);
}

/** An actor that was there before all servers that are connected lives on none of them. */
function isOlderThanAll(actor: RunningActor, { hosts }: HostList): boolean {
  return hosts.every((host) => isYounger(host, actor));
}
