import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { streamScope } from "../../core/backend/key.ts";
import { readNamed } from "../../core/value/unreadable.ts";
import { decodeValue, undefinedText, withVersion } from "../../core/value/value.ts";
import { versionOfText } from "../../core/value/value-version.ts";
import type { Commit } from "./actor-actions.ts";
import type { ActorCalls } from "./actor-calls.ts";
import { leftOut, resultsOf } from "./change-results.ts";
import { closedToBrowsers } from "../hooks/closed-to-browsers.ts";
import { decodeContext } from "../identity/context.ts";
import { type HookContext, isCovered } from "../hooks/hooks.ts";
import type { ChangeResults, Changes, Clear, HookChain, Replies, Requests, Row, Write } from "../wire/protocol.ts";
import { applyChanges, isOfVersion, refusalIn } from "../store/apply-changes.ts";
import { passWhole } from "./pass-whole.ts";
import { fromReplyError } from "../wire/refusal.ts";
import { WriteOrder } from "../replica/write-order.ts";
import type { SentBatch } from "../store/reservations.ts";
import type { SignalStore, Written } from "../store/signal-store.ts";

export type HookedWritesOptions = {
  readonly store: SignalStore;
  readonly calls: ActorCalls;
  readonly context: HookContext;
  readonly commit: (batch: SentBatch) => Promise<Written>;
  /** Whether hooks decide who sees what was written. */
  readonly isGuarded: () => boolean;
};

export type Passed = { readonly changed: Write; readonly stored: Written | undefined };
type Answer = { readonly reply: Promise<Replies["write"]>; readonly passed: { clear?: Clear } };
type Answers = { readonly byNumber: Map<number, Answer>; at: number };

/** How often a change is made anew because other writes have come while its hooks were asked. */
const maxTries = 20;

/** Twice as long as a server resends a batch. */
const answerMemoryMs = 60_000;

/** Passes each write of a server through the hooks once. A batch that is sent again is given the same answer, and no hook is asked again. */
export class HookedWrites {
  readonly #store: SignalStore;
  readonly #calls: ActorCalls;
  readonly #context: HookContext;
  readonly #commit: HookedWritesOptions["commit"];
  readonly #isGuarded: () => boolean;
  readonly #answers = new Map<string, Answers>();
  readonly #changing = new WriteOrder();

  constructor({ store, calls, context, commit, isGuarded }: HookedWritesOptions) {
    this.#store = store;
    this.#calls = calls;
    this.#context = context;
    this.#commit = commit;
    this.#isGuarded = isGuarded;
  }

  write(body: Requests["write"]): Promise<Replies["write"]> {
    const { client, number, settled } = body;
    const { byNumber } = this.#answersTo(client);
    // They came in about this order; one that came late is forgotten with those before it.
    for (const known of byNumber.keys()) {
      if (known >= settled) break;
      byNumber.delete(known);
    }
    const known = byNumber.get(number);
    if (known) return known.reply;
    const passed = {};
    const reply = this.#write(body, passed);
    byNumber.set(number, { reply, passed });
    // A write that was not stored may be tried again.
    reply.catch((error) => (!isKawaError(error) || error.code.startsWith("BACKEND_")) && byNumber.delete(number));
    return reply;
  }

  forgetOld(): void {
    for (const [client, { at }] of this.#answers) if (at < Date.now() - answerMemoryMs) this.#answers.delete(client);
  }

  #answersTo(client: string): Answers {
    const answers = this.#answers.get(client) ?? { byNumber: new Map(), at: 0 };
    answers.at = Date.now();
    this.#answers.set(client, answers);
    return answers;
  }

  async #write(body: Requests["write"], passed: { clear?: Clear }): Promise<Replies["write"]> {
    const { client, number, settled, writes, losses } = body;
    if (body.isWhole) {
      const { rows, ...told } = await passWhole(body, {
        store: this.#store,
        maxValueBytes: this.#calls.maxValueBytes,
        pass: (one, commitOne) => this.#pass(body, one, commitOne),
        commit: this.#commit,
      });
      return { ...told, rows: this.#isGuarded() ? withoutTexts(rows) : rows };
    }
    const [write] = writes;
    if (!write || writes.length > 1)
      throw new KawaError("BACKEND_UNAVAILABLE", "Where writes are hooked, a batch has one write.");
    const rest = "clear" in write ? await this.#restOfClear(client, write) : undefined;
    if (rest) return this.#reply(rest, await this.#commit({ client, number, settled, writes: [rest] }));
    if ("changes" in write) return this.#order(write.key, body.chain, () => this.#change(body, write));
    const { changed, stored } = await this.#pass(body, write, (given) => {
      if ("clear" in given) passed.clear = given;
      return this.#commit({ client, number, settled, writes: [given], losses });
    });
    return this.#reply(changed, stored);
  }

  /** Changes of one key wait for each other, so that hooks see each result. What a hook asks for may not wait for that hook. */
  #order<T>(key: string, chain: HookChain | undefined, perform: () => Promise<T>): Promise<T> {
    return chain?.length ? perform() : this.#changing.add(key, perform);
  }

  /** Asks the hooks about what changes make of the present value; and once more where another write has come before they have answered. */
  async #change(body: Requests["write"], write: Changes): Promise<Replies["write"]> {
    const { client, number, settled } = body;
    const { key, changes, initial, expect, ttlMs } = write;
    for (let tries = 1; ; tries += 1) {
      const prepared = this.#store.prepare([key]);
      if (prepared) await prepared;
      const { text: before, seq } = this.#store.get(key);
      const base = before === null ? 0 : seq;
      if (expect !== undefined && expect !== base) return this.#reply(write, { conflicts: [key] });
      const maxBytes = this.#calls.maxValueBytes;
      const { text, results } = applyChanges({ key, before, initial, changes, maxBytes });
      const refused = text === undefined ? refusalIn(results) : undefined;
      if (refused && isOfVersion(refused)) return { ...this.#reply(write), results: [[key, results]] };
      // Of a change that is refused the hooks are asked about the value as it stays: they decide whether the caller may hear why.
      const once = { key, text: text ?? before ?? initial, expect: base, ...(ttlMs === undefined ? {} : { ttlMs }) };
      const { changed, stored } = await this.#pass(body, once, (given) => {
        if (refused) return Promise.reject(fromReplyError(refused));
        const made: ChangeResults[] = [[key, resultsOf(results, given)]];
        return this.#commit({ client, number, settled, writes: [given], isWhole: true, results: made });
      });
      // One that was given up meanwhile is in conflict with that.
      if (!stored?.conflicts.includes(key) || tries === maxTries) {
        return {
          ...this.#reply(changed, stored),
          results: stored?.results ?? [
            [key, refused ? leftOut(results, before) : resultsOf(results, { key, text: before })],
          ],
        };
      }
    }
  }

  /** Passes one write through the hooks; `commit` is given what they make of it. */
  async #pass(body: Requests["write"], write: Write, commitOne: (given: Write) => Promise<Written>): Promise<Passed> {
    const { context, origin, chain } = body;
    let changed: Write = write;
    let committed: Promise<Written> | undefined;
    const commit: Commit = async (given) => {
      changed = asAsked(given, write);
      committed = commitOne(changed);
      const { conflicts, rows } = await committed;
      // The hook must not take the value for written.
      if (conflicts.length > 0)
        throw new KawaError("UPDATE_CONFLICT", `Another writer of "${clip(conflicts[0])}" was faster.`);
      return rows;
    };
    const prepared = "key" in write && this.#store.prepare([write.key]);
    if (prepared) await prepared;
    const { name, params } = actionOf(write, (key) => this.#store.get(key)?.text ?? undefinedText);
    if (origin === "browser" && !isCovered(this.#calls.hooks, name)) throw closedToBrowsers(name);
    const act = this.#calls.act({
      c: this.#context,
      name,
      params: { ...decodeContext(context), ...params },
      commit,
      chain,
    });
    const [outcome] = await Promise.allSettled([act]);
    // A hook may hide a failure of its `next()`, or not wait for it: only what was stored is acknowledged.
    const stored = await committed;
    const { conflicts = [] } = stored ?? {};
    if (outcome.status === "rejected" && conflicts.length === 0) throw outcome.reason;
    return { changed, stored };
  }

  #reply(write: Write, { conflicts = [], rows = [] }: Partial<Written> = {}): Replies["write"] {
    const written = rows.map((row) => asWritten(row, write));
    return {
      ...this.#store.position,
      conflicts,
      rows: this.#isGuarded() ? withoutTexts(written) : written,
    };
  }

  /** The rest of a clear that has passed its hooks; undefined for a whole clear, and for a rest whose clear is forgotten. */
  async #restOfClear(client: string, { only, partOf }: Clear): Promise<Clear | undefined> {
    if (only === undefined || partOf === undefined) return undefined;
    const first = this.#answers.get(client)?.byNumber.get(partOf);
    const [outcome] = await Promise.allSettled([first?.reply]);
    if (!first?.passed.clear || outcome.status === "rejected") return undefined;
    return { clear: first.passed.clear.clear, only };
  }
}

function withoutTexts(rows: readonly Row[]): Row[] {
  return rows.map(([key, , seq]) => [key, null, seq]);
}

/** The action that a write of a server stands for. To renew a value is to set it once more. */
function actionOf(
  write: Write,
  textOf: (key: string) => string,
): { name: "clear" | "deleteSignal" | "deleteStream" | "setSignal" | "updateStream"; params: object } {
  if ("clear" in write) return { name: "clear", params: { prefix: write.clear } };
  const scope = streamScope(write.key);
  const own = scope === undefined ? { key: write.key } : { scope };
  const text = "text" in write ? write.text : textOf(write.key);
  if (text === null) return { name: scope === undefined ? "deleteSignal" : "deleteStream", params: own };
  return {
    name: scope === undefined ? "setSignal" : "updateStream",
    params: { ...own, value: readNamed(write.key, () => decodeValue(text)) },
  };
}

/** What the hooks made of a write. What was computed from the value of a key holds only for that key. */
function asAsked(changed: Write, asked: Write): Write {
  if ("clear" in changed || "clear" in asked) {
    if (!("clear" in changed && "clear" in asked)) return changed;
    const { except, only } = asked;
    return { ...changed, ...(except === undefined ? {} : { except }), ...(only === undefined ? {} : { only }) };
  }
  if (!("text" in changed)) return changed;
  if ("isRenewal" in asked) return { key: changed.key, isRenewal: true };
  if (!("text" in asked)) return changed;
  const { expect, ttlMs } = asked;
  const isExpected = expect !== undefined && changed.key === asked.key;
  const { key, text } = changed;
  return {
    key,
    // Hooks see the value, and know nothing of its version.
    text: text === null || asked.text === null ? text : withVersion(key, text, versionOfText(asked.text)),
    ...(isExpected ? { expect } : {}),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

/** The store knows of a batch that is sent again only that it was applied: the key may hold another value since. */
function asWritten(row: Row, write: Write): Row {
  return "text" in write && write.text !== row[1] ? [row[0], write.text, 0] : row;
}
