import type { Context, OperationOptions } from "../core/backend.ts";
import { clip, isKawaError, KawaError, show } from "../core/errors.ts";
import { isServerKey, streamKey, streamLeaseMs, streamRenewMs, streamScope } from "../core/key.ts";
import { groupIn, memberKey, membersKey, type Members, noMembers } from "../core/members.ts";
import { readNamed } from "../core/unreadable.ts";
import { decodeValue, encodeValue } from "../core/value.ts";
import type { Version } from "../core/version.ts";
import { type Commit, createActorActions } from "./actor-actions.ts";
import type { ActorSettings } from "./actor-settings.ts";
import { actionNames } from "./client-params.ts";
import { closedToBrowsers } from "./closed-to-browsers.ts";
import { decodeContext } from "./context.ts";
import { type ActionName, type ActionParams, type ActionResult, type AnyHooks, type HookContext, hookedBy, isCovered, runHooks } from "./hooks.ts";
import { KeyLeases } from "./key-leases.ts";
import { Leases } from "./leases.ts";
import { membersIn } from "./member-groups.ts";
import { type Delta, type Hooked, isGuardedFor, type Replies, type ReplyError, type RequestMessage, type RequestName, type Requests, type Row, type Write } from "./protocol.ts";
import { refusal, toReplyError } from "./refusal.ts";
import type { SignalStore } from "./signal-store.ts";

export type ActorServiceOptions = {
  readonly store: SignalStore;
  /** Asked for each action: an edit in development changes them. */
  readonly settings: () => ActorSettings;
  /** Given to the hooks where a server of this app calls. */
  readonly context: HookContext;
};

type Action<N extends ActionName> = {
  readonly c: HookContext;
  readonly name: N;
  readonly params: object;
  readonly commit: Commit;
  /** The version of who reads a snapshot. Hooks hear nothing of it. */
  readonly at?: Version | undefined;
};

/** Who reads: of which version, and whether a browser has asked for it by itself. */
type ReadingAs = { readonly identity: Context; readonly origin: OperationOptions["origin"]; readonly at: Version | undefined };

type Answers = { readonly byNumber: Map<number, Promise<Replies["write"]>>; at: number };

/** Twice as long as a server sends a batch again. */
const answerMemoryMs = 60_000;

/** One incarnation of the actor: its store behind its hooks. */
export class ActorService {
  readonly store: SignalStore;
  /** What hooks are given where a server of this app calls. */
  readonly context: HookContext;
  readonly #settings: () => ActorSettings;
  readonly #streamLeases = new Leases();
  readonly #leaseTimer: NodeJS.Timeout;
  readonly #keyLeases: KeyLeases;
  readonly #actions: ReturnType<typeof createActorActions>;
  readonly #disconnects = new Set<() => void>();
  #knownHooked: string;
  /** Of the hooked batches of each client: one that is sent again is given the same answer, and no hook is asked again. */
  readonly #answers = new Map<string, Answers>();
  /** RivetKit clients that are connected, by connection. */
  readonly #admitted = new Map<string, Promise<void>>();

  constructor({ store, settings, context }: ActorServiceOptions) {
    this.store = store;
    this.#settings = settings;
    this.context = context;
    this.#actions = createActorActions({ store, leases: this.#streamLeases, settings });
    this.#keyLeases = new KeyLeases({ store, commit: (writes) => store.write({ number: 0, settled: 0, writes }) });
    this.#knownHooked = JSON.stringify(this.hooked);
    this.#leaseTimer = setInterval(() => {
      this.#endStreams();
      this.#forgetAnswers();
    }, streamRenewMs);
    this.#leaseTimer.unref();
  }

  get hooked(): Hooked {
    return hookedBy(this.#hooks);
  }

  /**
   * Deltas as a server may have them: without values where each identity has to ask for its own. `onClose` is called when this
   * incarnation ends, and when the server has to connect anew.
   */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    const isGuarded = this.hooked.reads;
    const stop = this.store.listen((delta) => onDelta(isGuarded ? { ...delta, rows: withoutTexts(delta.rows) } : delta), onClose);
    this.#disconnects.add(onClose);
    return () => {
      stop();
      this.#disconnects.delete(onClose);
    };
  }

  /** After an edit in development: servers have been told what the hooks decide about when they connected. */
  noticeNewHooks(): void {
    const known = JSON.stringify(this.hooked);
    if (known === this.#knownHooked) return;
    this.#knownHooked = known;
    for (const disconnect of [...this.#disconnects]) disconnect();
  }

  async close(): Promise<void> {
    clearInterval(this.#leaseTimer);
    this.#keyLeases.close();
    await this.store.close();
  }

  /** Answers one request of a server of this app, which has proved that it is one. */
  answer(request: RequestMessage): Promise<Replies[RequestName]> | Replies[RequestName] {
    switch (request.type) {
      case "hello":
        return { ...this.store.position, instance: this.store.instance, hooked: this.hooked };
      case "read":
        return isGuardedFor(this.hooked, request.body.origin) ? this.#readHooked(request.body) : this.store.read(request.body.keys, request.body.at);
      case "list":
        return this.hooked.lists && !isServerKey(request.body.prefix) ? this.#listHooked(request.body) : this.store.list(request.body);
      case "follow":
        return this.#follow(request.body);
      case "write":
        return this.hooked.writes && !request.body.writes.every(isServerWrite) ? this.#writeOnce(request.body) : this.#write(request.body);
      case "revoke":
        return this.#revoke(request.body);
      case "streams":
        return this.#renewStreams(request.body);
      case "ping":
        return this.store.position;
      case "seen":
        return {};
    }
  }

  /**
   * Lets a RivetKit client connect: asks the hooks once a connection, unless they refuse it.
   *
   * @throws {KawaError} UNAUTHORIZED - no hook decides about any action, so there is nothing for it to do
   */
  admit(c: HookContext): Promise<void> {
    const id = c.conn?.id ?? "";
    let admitted = this.#admitted.get(id);
    if (!admitted) {
      this.#admitted.set(id, (admitted = this.#admitNew(c)));
      admitted.catch(() => this.dismiss(id));
    }
    return admitted;
  }

  /** A RivetKit client has gone. */
  dismiss(connectionId: string): void {
    this.#admitted.delete(connectionId);
  }

  /** Tells the hooks that somebody has connected. */
  async onConnect(c: HookContext): Promise<void> {
    try {
      await this.#hooks.onConnect?.(c);
    } catch (error) {
      throw refusal(error);
    }
  }

  /**
   * Performs an action for a RivetKit client.
   *
   * @throws {KawaError} UNAUTHORIZED - no hook decides about this action
   */
  async perform(c: HookContext, name: ActionName, params: object): Promise<unknown> {
    if (!isCovered(this.#hooks, name)) {
      throw new KawaError("UNAUTHORIZED", `${name} is closed to clients: no hook of the actor decides about it.`);
    }
    // Not only when it connects: a client can make that look like the socket of a server.
    if (c.conn) await this.admit(c);
    const commit: Commit = async (write) => (await this.#commit({ number: 0, settled: 0, writes: [this.#asEphemeral(write)] })).rows;
    return this.#act({ c, name, params: this.#withPlainValue(params), commit });
  }

  get #hooks(): AnyHooks {
    return this.#settings().hooks;
  }

  async #admitNew(c: HookContext): Promise<void> {
    if (!actionNames.some((name) => isCovered(this.#hooks, name))) {
      throw new KawaError("UNAUTHORIZED", "This actor is closed to clients: it has no hooks.");
    }
    await this.onConnect(c);
  }

  async #act<N extends ActionName>(call: Action<N>): Promise<ActionResult<N>> {
    const { c, name, params, commit, at } = call;
    let failure: unknown;
    const action = async (given: ActionParams<N>): Promise<ActionResult<N>> => {
      try {
        return await this.#actions[name]({ c, params: given, commit, at });
      } catch (error) {
        throw (failure = error);
      }
    };
    try {
      return await runHooks({ hooks: this.#hooks, c, name, params }, action);
    } catch (error) {
      throw error === failure && isKawaError(error) ? error : refusal(error);
    }
  }

  /** Hooks see what would be stored, and not what else the message of a RivetKit client may hold. */
  #withPlainValue(params: object): object {
    if (!("value" in params)) return params;
    const name = "key" in params ? params.key : "scope" in params ? params.scope : "";
    return { ...params, value: decodeValue(encodeValue(String(name), params.value, this.#settings().maxValueBytes)) };
  }

  /** A client does not know what is ephemeral: what it writes stays so. */
  #asEphemeral(write: Write): Write {
    const ttlMs = "text" in write ? this.store.ephemeral.ttlMsOf(write.key) : undefined;
    return ttlMs === undefined ? write : { ...write, ttlMs };
  }

  async #commit(batch: Parameters<SignalStore["write"]>[0]): ReturnType<SignalStore["write"]> {
    try {
      this.#keyLeases.note(batch.writes);
      return await this.store.write(batch);
    } catch (cause) {
      if (isKawaError(cause)) throw cause;
      // Not for the hooks: no write was refused.
      throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not commit the batch.", { cause });
    }
  }

  async #write(body: Requests["write"]): Promise<Replies["write"]> {
    const { epoch, seq, conflicts } = await this.#commit(body);
    return { epoch, seq, conflicts };
  }

  /** The store takes each number once. A batch that cannot hold leaves none for the batch that is given up. */
  async #revoke({ client, numbers }: Requests["revoke"]): Promise<Replies["revoke"]> {
    const applied: [number, readonly string[]][] = [];
    for (const number of numbers) {
      const { conflicts } = await this.#commit({ client, number, settled: 0, writes: [impossibleWrite] });
      if (!conflicts.includes(impossibleWrite.key)) applied.push([number, conflicts]);
    }
    return { ...this.store.position, applied };
  }

  #writeOnce(body: Requests["write"]): Promise<Replies["write"]> {
    const { client, number, settled } = body;
    const { byNumber } = this.#answersTo(client);
    for (const known of byNumber.keys()) if (known < settled) byNumber.delete(known);
    const known = byNumber.get(number);
    if (known) return known;
    const answer = this.#writeHooked(body);
    byNumber.set(number, answer);
    // What was not stored may be tried again.
    answer.catch((error) => (!isKawaError(error) || error.code.startsWith("BACKEND_")) && byNumber.delete(number));
    return answer;
  }

  #answersTo(client: string): Answers {
    const answers = this.#answers.get(client) ?? { byNumber: new Map(), at: 0 };
    answers.at = Date.now();
    this.#answers.set(client, answers);
    return answers;
  }

  #forgetAnswers(): void {
    for (const [client, { at }] of this.#answers) if (at < Date.now() - answerMemoryMs) this.#answers.delete(client);
  }

  async #writeHooked({ client, number, settled, writes, context, origin }: Requests["write"]): Promise<Replies["write"]> {
    const [write] = writes;
    if (!write || writes.length > 1) throw new KawaError("BACKEND_UNAVAILABLE", "Where writes are hooked, a batch has one write.");
    let changed: Write = write;
    let committed: ReturnType<SignalStore["write"]> | undefined;
    const commit: Commit = async (given) => {
      changed = asAsked(given, write);
      committed = this.#commit({ client, number, settled, writes: [changed] });
      const { conflicts, rows } = await committed;
      // A hook must not take it for written.
      if (conflicts.length > 0) throw new KawaError("UPDATE_CONFLICT", `Another writer of "${clip(conflicts[0])}" was faster.`);
      return rows;
    };
    const { name, params } = actionOf(write, (key) => this.store.get(key)?.text ?? undefinedText);
    if (origin === "browser" && !isCovered(this.#hooks, name)) throw closedToBrowsers(name);
    const act = this.#act({ c: this.context, name, params: { ...decodeContext(context), ...params }, commit });
    const [outcome] = await Promise.allSettled([act]);
    // Whatever the hook made of a failure, or did not wait for: only what was stored is acknowledged.
    const { conflicts = [], rows = [] } = (await committed) ?? {};
    if (outcome.status === "rejected" && conflicts.length === 0) throw outcome.reason;
    const written = rows.map((row) => asWritten(row, changed));
    return { ...this.store.position, conflicts, rows: this.hooked.reads ? withoutTexts(written) : written };
  }

  #follow({ epoch, seq }: Requests["follow"]): Replies["follow"] {
    const reply = this.store.since(epoch, seq);
    return this.hooked.reads && reply.rows ? { ...reply, rows: withoutTexts(reply.rows) } : reply;
  }

  async #readHooked({ keys, at, context, origin }: Requests["read"]): Promise<Replies["read"]> {
    const reader = { identity: decodeContext(context), origin, at };
    const { position } = this.store;
    const rows: Row[] = [];
    const refused: [string, ReplyError][] = [];
    const read = async (key: string): Promise<void> => {
      try {
        rows.push(await this.#readAs(reader, key));
      } catch (error) {
        refused.push([key, toReplyError(error)]);
      }
    };
    await Promise.all(keys.map(read));
    return { ...position, rows, refused };
  }

  /** A row as one identity may see it. A hook that gives undefined shows nothing. */
  async #readAs(reader: ReadingAs, key: string): Promise<Row> {
    const group = groupIn(key);
    if (group !== undefined) return this.#readMembersAs(reader, group);
    const stored = this.store.get(key, reader.at);
    const shown = await this.#shownTo(reader, key);
    // An undefined that is stored is a value.
    const isNothing = shown === undefined && stored?.text !== undefinedText;
    return [key, isNothing ? null : encodeValue(key, shown, Number.POSITIVE_INFINITY), stored?.seq ?? 0];
  }

  async #shownTo({ identity, origin, at }: ReadingAs, key: string): Promise<unknown> {
    const scope = streamScope(key);
    const name = scope === undefined ? "getSignal" : "getStream";
    if (origin === "browser" && !isCovered(this.#hooks, name)) return this.#shownInList(identity, key);
    const call = { c: this.context, commit: noCommit, at };
    if (scope !== undefined) return this.#act({ ...call, name: "getStream", params: { ...identity, scope } });
    return this.#act({ ...call, name: "getSignal", params: { ...identity, key } });
  }

  /** Where a hook decides about lists alone, a browser sees of a key what the list shows it. */
  async #shownInList(identity: Context, key: string): Promise<unknown> {
    if (!isCovered(this.#hooks, "getAllSignals")) throw closedToBrowsers("getSignal");
    const text = this.store.get(key)?.text;
    // Of that key alone: thousands of others may start with it.
    const own = typeof text === "string" ? { [key]: readNamed(key, () => decodeValue(text)) } : {};
    const call = { hooks: this.#hooks, c: this.context, name: "getAllSignals" as const, params: { ...identity, prefix: key } };
    try {
      const { signals } = checkedList(await runHooks(call, () => ({ signals: own })));
      return Object.hasOwn(signals, key) ? signals[key] : undefined;
    } catch (error) {
      throw refusal(error);
    }
  }

  /** The list of a group names the members that an identity may read. */
  async #readMembersAs(reader: ReadingAs, group: string): Promise<Row> {
    const key = membersKey(group);
    const { text = null, seq = 0 } = this.store.get(key, reader.at) ?? {};
    if (text === null) return [key, null, seq];
    const { ttlMs, ids } = membersIn(key, text) ?? noMembers;
    const isShown = async (id: string): Promise<boolean> => {
      try {
        return (await this.#readAs(reader, memberKey(group, id)))[1] !== null;
      } catch {
        return false;
      }
    };
    const shown = await Promise.all(ids.map(isShown));
    const members: Members = { ttlMs, ids: ids.filter((_, index) => shown[index]) };
    // A group of which nobody is shown has no list.
    if (members.ids.length === 0) return [key, null, seq];
    return [key, encodeValue(key, members, Number.POSITIVE_INFINITY), seq];
  }

  async #listHooked({ prefix, withValues, context }: Requests["list"]): Promise<Replies["list"]> {
    const params = { ...decodeContext(context), prefix };
    const { signals } = checkedList(await this.#act({ c: this.context, name: "getAllSignals", params, commit: noCommit }));
    const keys = Object.keys(signals).filter((key) => key.startsWith(prefix));
    const textOf = (key: string): string | null => (withValues ? encodeValue(key, signals[key], Number.POSITIVE_INFINITY) : null);
    return { rows: keys.sort().map((key): Row => [key, textOf(key), this.store.get(key)?.seq ?? 0]), after: null };
  }

  #renewStreams({ client, register, unregister }: Requests["streams"]): Replies["streams"] {
    this.#streamLeases.unregister(client, unregister);
    const produce = this.#streamLeases.register(client, register, { now: Date.now(), leaseMs: streamLeaseMs });
    this.#endStreams();
    return { produce };
  }

  /** A stream that nobody shows any more loses its value. */
  #endStreams(): void {
    const writes = this.#streamLeases
      .expire(Date.now())
      .map(streamKey)
      .filter((key) => typeof this.store.get(key)?.text === "string")
      .map((key): Write => ({ key, text: null }));
    if (writes.length === 0) return;
    this.#commit({ number: 0, settled: 0, writes }).catch((error) => console.error("[kawa] Streams could not be ended:", error));
  }
}

const undefinedText = encodeValue("undefined", undefined);

/** No key is empty, and no commit has this number. */
const impossibleWrite = { key: "", text: null, expect: -1 };

const noCommit: Commit = () => Promise.reject(new Error("A read does not write."));

/** What a hook gives may be anything. */
function checkedList(list: ActionResult<"getAllSignals"> | undefined): ActionResult<"getAllSignals"> {
  if (typeof list?.signals === "object" && list.signals !== null) return list;
  throw new KawaError("ACTION_REFUSED", `A hook of getAllSignals gave ${show(list)} and not { signals }.`, { data: { isPublic: false } });
}

function isServerWrite(write: Write): boolean {
  return isServerKey("clear" in write ? write.clear : write.key);
}

/** The action that a write of a server stands for. To renew a value is to set it once more. */
function actionOf(write: Write, textOf: (key: string) => string): { name: "clear" | "deleteSignal" | "deleteStream" | "setSignal" | "updateStream"; params: object } {
  if ("clear" in write) return { name: "clear", params: { prefix: write.clear } };
  const scope = streamScope(write.key);
  const own = scope === undefined ? { key: write.key } : { scope };
  const text = "text" in write ? write.text : textOf(write.key);
  if (text === null) return { name: scope === undefined ? "deleteSignal" : "deleteStream", params: own };
  return { name: scope === undefined ? "setSignal" : "updateStream", params: { ...own, value: readNamed(write.key, () => decodeValue(text)) } };
}

/** What the hooks made of a write. What was computed from the value of a key holds only for that key. */
function asAsked(changed: Write, asked: Write): Write {
  if (!("text" in changed) || "clear" in asked) return changed;
  if ("isRenewal" in asked) return { key: changed.key, isRenewal: true };
  const { expect, ttlMs } = asked;
  const isExpected = expect !== undefined && changed.key === asked.key;
  return { ...changed, ...(isExpected ? { expect } : {}), ...(ttlMs === undefined ? {} : { ttlMs }) };
}

/** The store knows of a batch that is sent again only that it was applied: the key may hold another value since. */
function asWritten(row: Row, write: Write): Row {
  return "text" in write && write.text !== row[1] ? [row[0], write.text, 0] : row;
}

function withoutTexts(rows: readonly Row[]): Row[] {
  return rows.map(([key, , seq]) => [key, null, seq]);
}
