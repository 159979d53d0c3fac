import { clip, KawaError } from "../../core/errors/errors.ts";
import { serverKey } from "../../core/backend/key.ts";
import { LostHost } from "../engine/lost-host.ts";
import { host } from "../host/host.ts";
import { ActorLink } from "../replica/actor-link.ts";
import type { ActorAddress } from "../replica/open-socket.ts";
import {
  layoutIn,
  layoutKey,
  layoutText,
  layoutWrite,
  type ShardLayout,
  type StoredLayout,
} from "../sharding/shard-layout.ts";
import type { Replies, Requests } from "../wire/protocol.ts";

const timeoutMs = 38_000;

/** Reaches an actor through the engine of this process. */
export function openShardActor(address: Pick<ActorAddress, "actorName" | "actorId">): ShardActor {
  return new ShardActor(address, new LostHost({ ...address, target: () => host().start() }));
}

/** What looking after shards needs of an actor. */
export type ShardRows = Pick<ShardActor, keyof ShardActor>;

/** An actor as those who look after shards talk to it: past its hooks, and whatever the number of its shards is. */
export class ShardActor {
  readonly #link: ActorLink;
  readonly #client: string = crypto.randomUUID();
  #number = 0;

  constructor(address: Pick<ActorAddress, "actorName" | "actorId">, lostHost?: LostHost) {
    this.#link = new ActorLink({ ...address, isForShards: true }, lostHost);
  }

  async layout(): Promise<StoredLayout> {
    const { rows } = await this.#ask("read", { keys: [layoutKey], isPastHooks: true });
    const [, text, seq] = rows[0]!;
    return { layout: layoutIn(text), seq };
  }

  /** Writes the layout over the one that was read. Returns what is stored then; undefined where somebody else was faster. */
  async setLayout(layout: ShardLayout, over: StoredLayout): Promise<StoredLayout | undefined> {
    const { conflicts } = await this.write([layoutWrite(layout, over)]);
    const stored = conflicts.length > 0 ? undefined : await this.layout();
    return stored?.layout && layoutText(stored.layout) === layoutText(layout) ? stored : undefined;
  }

  /** True where it has no value. */
  async isEmpty(): Promise<boolean> {
    const prefixes = ["", serverKey("")];
    const found = await Promise.all(prefixes.map((prefix) => this.list({ prefix, after: "", withValues: false })));
    return found.every(({ rows }) => rows.every(([key]) => key === layoutKey));
  }

  list(body: Requests["list"]): Promise<Replies["list"]> {
    return this.#ask("list", { ...body, isPastHooks: true });
  }

  /** @throws {KawaError} COLLECTIONS_UNSUPPORTED - it runs in an earlier version, which cannot tell its rows */
  async rows(body: Requests["rows"]): Promise<Replies["rows"]> {
    const page: Replies["rows"] | undefined = await this.#ask("rows", body);
    if (page) return page;
    throw new KawaError(
      "COLLECTIONS_UNSUPPORTED",
      `The servers have an earlier version of Kawa, which cannot copy "${clip(body.collection)}". Restart them with this one.`,
    );
  }

  async changed(seq: number): Promise<Replies["changed"]> {
    const changed: Replies["changed"] | undefined = await this.#ask("changed", { seq });
    // One of an earlier version does not know.
    return changed ?? { seq, keys: null };
  }

  read(keys: readonly string[]): Promise<Replies["read"]> {
    return this.#ask("read", { keys, isPastHooks: true });
  }

  /** Applied once, however often it is sent. One batch is on the way at a time. */
  async write(writes: Requests["write"]["writes"]): Promise<Replies["write"]> {
    this.#number += 1;
    const batch = {
      client: this.#client,
      number: this.#number,
      settled: this.#number,
      writes,
      isPastHooks: true,
    } as const;
    return this.#ask("write", batch);
  }

  close(): void {
    this.#link.close(new KawaError("BACKEND_CLOSED", "The actor is not needed any more."));
  }

  #ask<N extends "list" | "rows" | "changed" | "read" | "write">(type: N, body: Requests[N]): Promise<Replies[N]> {
    return this.#link.ask(performance.now() + timeoutMs, (connection) => connection.ask(type, body));
  }
}
