import type { Context, OperationOptions } from "../../core/backend/backend.ts";
import { KawaError, show } from "../../core/errors/errors.ts";
import { streamScope } from "../../core/backend/key.ts";
import { querySpec, type QuerySpec } from "../../core/collections/query-key.ts";
import { groupIn, memberKey, membersKey, type Members } from "../../core/backend/members.ts";
import { readNamed } from "../../core/value/unreadable.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import { isUndefinedText, versionOfText } from "../../core/value/value-version.ts";
import type { Version } from "../../core/value/version.ts";
import type { Commit } from "./actor-actions.ts";
import type { ActorCalls } from "./actor-calls.ts";
import { closedToBrowsers } from "../hooks/closed-to-browsers.ts";
import { decodeContext } from "../identity/context.ts";
import { type ActionResult, type HookContext, isCovered, runHooks } from "../hooks/hooks.ts";
import type { HookChain, Replies, ReplyError, Requests, Row } from "../wire/protocol.ts";
import { refusal, toReplyError } from "../wire/refusal.ts";
import type { SignalStore } from "../store/signal-store.ts";

export type HookedReadsOptions = {
  readonly store: SignalStore;
  readonly calls: ActorCalls;
  readonly context: HookContext;
};

/** Who reads, of which version, whether a browser sent the request, and which hooks wait for the reply. */
type ReadingAs = {
  readonly identity: Context;
  readonly origin: OperationOptions["origin"];
  readonly at: Version | undefined;
  readonly chain: HookChain | undefined;
};

/** Rows that are looked at for one query: an identity that may read none of them is shown none. */
const maxLooked = 1_000;

/** Values as one identity may see them. */
export class HookedReads {
  readonly #store: SignalStore;
  readonly #calls: ActorCalls;
  readonly #context: HookContext;

  constructor({ store, calls, context }: HookedReadsOptions) {
    this.#store = store;
    this.#calls = calls;
    this.#context = context;
  }

  async read({ keys, at, context, origin, chain }: Requests["read"]): Promise<Replies["read"]> {
    const reader = { identity: decodeContext(context), origin, at, chain };
    const rows: Row[] = [];
    const prepared = this.#store.prepare(keys);
    const refused: (readonly [string, ReplyError])[] = prepared ? [...(await prepared)] : [];
    const without = new Set(refused.map(([key]) => key));
    const { position } = this.#store;
    const read = async (key: string): Promise<void> => {
      try {
        rows.push(await this.#readAs(reader, key));
      } catch (error) {
        refused.push([key, toReplyError(error)]);
      }
    };
    await Promise.all(keys.filter((key) => !without.has(key)).map(read));
    return { ...position, rows, refused };
  }

  async list({ prefix, withValues, context, chain }: Requests["list"]): Promise<Replies["list"]> {
    const params = { ...decodeContext(context), prefix };
    const call = { c: this.#context, name: "getAllSignals", params, commit: noCommit, chain } as const;
    const { signals } = checkedList(await this.#calls.act(call));
    const keys = Object.keys(signals).filter((key) => key.startsWith(prefix));
    const textOf = (key: string): string | null =>
      withValues ? encodeValue(key, signals[key], Number.POSITIVE_INFINITY) : null;
    return { rows: keys.sort().map((key): Row => [key, textOf(key), this.#store.get(key)?.seq ?? 0]), after: null };
  }

  /** A row as one identity may see it. A hook that gives undefined shows nothing. */
  async #readAs(reader: ReadingAs, key: string): Promise<Row> {
    const group = groupIn(key);
    if (group !== undefined) return this.#readMembersAs(reader, group);
    const query = querySpec(key);
    if (query) return this.#readQueryAs(reader, key, query);
    const prepared = this.#store.prepare([key]);
    if (prepared) await prepared;
    const stored = this.#store.get(key, reader.at);
    const shown = await this.#shownTo(reader, key);
    // An undefined that is stored is a value.
    const { text = null, seq = 0 } = stored ?? {};
    const isNothing = shown === undefined && !(typeof text === "string" && isUndefinedText(text));
    // What a hook makes of a value is of the value's version.
    return [key, isNothing ? null : encodeValue(key, shown, Number.POSITIVE_INFINITY, versionOfText(text)), seq];
  }

  async #shownTo({ identity, origin, at, chain }: ReadingAs, key: string): Promise<unknown> {
    const scope = streamScope(key);
    const name = scope === undefined ? "getSignal" : "getStream";
    if (origin === "browser" && !isCovered(this.#calls.hooks, name)) return this.#shownInList(identity, key, chain);
    const call = { c: this.#context, commit: noCommit, at, chain };
    if (scope !== undefined) return this.#calls.act({ ...call, name: "getStream", params: { ...identity, scope } });
    return this.#calls.act({ ...call, name: "getSignal", params: { ...identity, key } });
  }

  /** Where a hook decides about lists alone, a browser sees of a key what the list shows it. */
  async #shownInList(identity: Context, key: string, chain: HookChain | undefined): Promise<unknown> {
    const { hooks } = this.#calls;
    if (!isCovered(hooks, "getAllSignals")) throw closedToBrowsers("getSignal");
    const text = this.#store.get(key)?.text;
    // Only the asked key is named: thousands of others may start with it.
    const own = typeof text === "string" ? { [key]: readNamed(key, () => decodeValue(text)) } : {};
    const call = {
      hooks,
      c: this.#context,
      name: "getAllSignals" as const,
      params: { ...identity, prefix: key },
      chain,
    };
    try {
      const { signals } = checkedList(await runHooks(call, () => ({ signals: own })));
      return Object.hasOwn(signals, key) ? signals[key] : undefined;
    } catch (error) {
      throw refusal(error);
    }
  }

  /** A query shows the first rows that an identity may read: as many as it asks for, where there are so many. */
  async #readQueryAs(reader: ReadingAs, key: string, { kind, collection, limit }: QuerySpec): Promise<Row> {
    // It would tell of rows that hooks hide.
    if (kind === "count")
      throw new KawaError("ACTION_REFUSED", "Where hooks decide about reads, rows cannot be counted.");
    const { seq } = this.#store.get(key, reader.at);
    const shown: string[] = [];
    let looked = 0;
    // Of many hidden rows each step looks at more than the last one: all of them together cost what one look at all would.
    for (let step = limit, isWhole = false; !isWhole && shown.length < limit && looked < maxLooked; step *= 2) {
      const end = Math.min(looked + step, maxLooked);
      const known = await this.#store.queries.look(key, end);
      const ids = known.ids.slice(looked, end);
      const keys = ids.map((id) => `${collection}:${id}`);
      await this.#store.prepare(keys);
      const rows = await Promise.allSettled(keys.map((row) => this.#readAs(reader, row)));
      rows.forEach((row, at) => {
        if (row.status === "fulfilled" && row.value[1] !== null) shown.push(ids[at]!);
      });
      looked += ids.length;
      isWhole = looked < end;
    }
    return [key, encodeValue(key, shown.slice(0, limit), Number.POSITIVE_INFINITY), seq];
  }

  /** The list of a group names the members that an identity may read. */
  async #readMembersAs(reader: ReadingAs, group: string): Promise<Row> {
    const key = membersKey(group);
    const { seq, value } = this.#store.members(group, reader.at);
    const { ids } = value;
    const isShown = async (id: string): Promise<boolean> => {
      try {
        return (await this.#readAs(reader, memberKey(group, id)))[1] !== null;
      } catch {
        return false;
      }
    };
    const shown = await Promise.all(ids.map(isShown));
    const members: Members = { ids: ids.filter((_, index) => shown[index]) };
    // A group without a visible member has no list.
    if (members.ids.length === 0) return [key, null, seq];
    return [key, encodeValue(key, members, Number.POSITIVE_INFINITY), seq];
  }
}

const noCommit: Commit = () => Promise.reject(new Error("A read does not write."));

/** A hook may return anything. */
function checkedList(list: ActionResult<"getAllSignals"> | undefined): ActionResult<"getAllSignals"> {
  if (typeof list?.signals === "object" && list.signals !== null) return list;
  throw new KawaError("ACTION_REFUSED", `The hook getAllSignals returned ${show(list)} instead of { signals }.`, {
    data: { isPublic: false },
  });
}
