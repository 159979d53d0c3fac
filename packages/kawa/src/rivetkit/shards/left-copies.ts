import { isKawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { incomplete, layoutText, type ShardLayout, unsharded } from "../sharding/shard-layout.ts";
import { shardIn, shardsOf } from "../sharding/shard-name.ts";
import type { ActorAddress } from "../replica/open-socket.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { reshard } from "./reshard.ts";
import { goneMs } from "./reshard-errors.ts";
import { openShardActor, type ShardRows } from "./shard-actor.ts";

const lookMs = 5_000;

/** A problem that lasts is told again after this long. */
const tellGapMs = 600_000;

type Address = Pick<ActorAddress, "actorName" | "actorId">;

/** A backend whose actors a copy holds up. */
export type HeldUp = Address & {
  /** Ids of those that live here. */
  readonly held: readonly string[];
};

export type LeftCopiesOptions = {
  /** Reaches an actor. @default the engine of this process */
  readonly open?: ((actor: Address) => ShardRows) | undefined;
  /** A copy that has said nothing for so long was left, in milliseconds. @default 60_000 */
  readonly goneMs?: number | undefined;
  /** @default performance.now */
  readonly now?: (() => number) | undefined;
};

/** The last that was heard of a copy, and when that was: clocks of other machines may be wrong. */
type Heard = { readonly text: string; readonly at: number };

/**
 * Copies between shards whose process was killed: writes would wait behind their fence until somebody copies again. One that counts already
 * is finished, and any other one is given up. Servers may do so at once, or while the process goes on after all: all but one are refused.
 */
export class LeftCopies {
  readonly #open: (actor: Address) => ShardRows;
  readonly #goneMs: number;
  readonly #now: () => number;
  readonly #heard = new Map<string, Heard>();

  constructor(options: LeftCopiesOptions = {}) {
    this.#open = options.open ?? openShardActor;
    this.#goneMs = options.goneMs ?? goneMs;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Called again and again while a copy holds up actors of the backend. Resolves to what was done, in words. */
  async look({ actorName, actorId: whole, held }: HeldUp): Promise<string | undefined> {
    const id = `${actorName}/${whole}`;
    const open = (each: string): ShardRows => this.#open({ actorName, actorId: each });
    const root = open(whole);
    const { layout, seq } = await root.layout().finally(() => root.close());
    if (!layout?.copy && !layout?.was) {
      this.#heard.delete(id);
      for (const actorId of held) await leave(actorId, open, layout ?? unsharded);
      return undefined;
    }
    const text = `${seq} ${layoutText(layout)}`;
    const heard = this.#heard.get(id);
    if (heard?.text !== text) return void this.#heard.set(id, { text, at: this.#now() });
    if (this.#now() - heard.at < this.#goneMs) return undefined;
    this.#heard.delete(id);
    const { shards, by, was } = layout;
    await reshard({ whole, to: { shards, by }, open });
    return was
      ? `The copy of "${id}" to ${shards} shards was cut off when it counted already. This server has finished it.`
      : `The copy of "${id}" to ${layout.copy!.to.shards} shards was cut off, and is given up. Writes go on, in ${shards} shards.`;
  }
}

/**
 * An actor that holds a part of a copy that was given up learns what counts: it has moved, as for all that count on its own number, and nobody
 * looks after it any more. The next copy to it begins anew.
 */
async function leave(actorId: string, open: (actorId: string) => ShardRows, counts: ShardLayout): Promise<void> {
  const { shards, by, turn = 0 } = counts;
  // It would serve.
  if (shardsOf(actorId) === shards) return;
  const actor = open(actorId);
  try {
    const stored = await actor.layout();
    // Another copy may have begun meanwhile. Where it begins now, it is faster, or this is refused.
    if (stored.layout?.shards !== incomplete || (stored.layout.turn ?? 0) > turn) return;
    await actor.setLayout({ shards, by, turn }, stored);
  } finally {
    actor.close();
  }
}

/** Looks after the actors of this process, from the first call on. */
export function watchLeftCopies(options: LeftCopiesOptions & { readonly lookMs?: number } = {}): void {
  processState("left-copies", () => {
    const copies = new LeftCopies(options);
    let toldAt = Number.NEGATIVE_INFINITY;
    const tell = (problem: unknown): void => {
      if (performance.now() - toldAt < tellGapMs) return;
      toldAt = performance.now();
      console.error(
        "[kawa] A copy that was cut off holds up an actor, and could not be ended. It is tried again every few seconds; `kawa reshard` to the number that counts ends it too.",
        problem,
      );
    };
    let isLooking = false;
    return setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      void lookAtAll(copies, tell).finally(() => (isLooking = false));
    }, options.lookMs ?? lookMs).unref();
  });
}

async function lookAtAll(copies: LeftCopies, tell: (problem: unknown) => void): Promise<void> {
  const held = new Map<string, HeldUp & { readonly held: string[] }>();
  for (const { context, store } of hostedServices.values()) {
    if (!context || !store?.gate.isHeldUp) continue;
    const actorId = context.key[0] ?? "";
    const whole = shardIn(actorId)?.whole ?? actorId;
    const id = `${context.name}/${whole}`;
    const backend = held.get(id) ?? { actorName: context.name, actorId: whole, held: [] };
    backend.held.push(actorId);
    held.set(id, backend);
  }
  for (const backend of held.values()) {
    try {
      const done = await copies.look(backend);
      if (done) console.warn(`[kawa] ${done}`);
    } catch (error) {
      // Another server was faster, or the process goes on.
      if (isKawaError(error, "SHARDS_MISMATCH")) continue;
      tell(error);
    }
  }
}
