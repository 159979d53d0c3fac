import { type Backend, type Context, globalBackend, knownBackends } from "../../core/backend/backend.ts";
import { homeOf } from "../../core/backend/home-of.ts";
import { serverKey } from "../../core/backend/key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { refuseWhereKept } from "../../core/work/static-refusal.ts";
import { actorAudience, backendAudience } from "../wire/actor-audience.ts";
import { shardIn } from "../sharding/shard-name.ts";
import { decodeContext, encodeContext } from "../identity/context.ts";
import { currentSession } from "../identity/current-session.ts";
import type { HookContext } from "../hooks/hooks.ts";
import { host } from "../host/host.ts";
import { type CheckedSession, RevokedSessions, revokedSessions } from "../identity/revoked-sessions.ts";
import { RivetBackend } from "../replica/rivet-backend.ts";
import { sign, verify } from "../secret/sign.ts";

/** Options of {@link issueToken}. */
export type IssueTokenOptions = {
  /** How long the token is valid, in milliseconds. @default 900_000 (15 minutes) */
  expiresInMs?: number;
  /**
   * The backend whose actor takes the token; every other actor refuses it.
   *
   * @default the global backend
   */
  backend?: Pick<Backend, "id">;
  /**
   * The session with which the token ends; `null` for none. Give it where the login is your own.
   *
   * @default that of the request that is being answered, where the app has made its sessions with `createSessions`
   */
  session?: { readonly id: string; readonly expiresAt?: number | undefined } | null;
};

type Payload = readonly [context: string, session: CheckedSession | null, revocationsAt: string];

const defaultLifetimeMs = 15 * 60 * 1000;
const defaultBackendId = "reactiveState/global";

/**
 * A token with which a RivetKit client acts as `context` at the hooks of one actor. Give it only to whom you have verified; the
 * client passes it as connection params. It ends with the session of the request that asks for it. It is signed, not encrypted: its
 * bearer can read the context.
 *
 * @throws {KawaError} OPTION_INVALID - `expiresInMs` is no positive number
 * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the context is no plain data, or more than 8 KiB
 * @throws {KawaError} CONTEXT_UNAVAILABLE - there is a request, and Next does not let it be read here; give `session`
 * @throws {KawaError} RENDER_STATIC - Next would keep the token, in a prerendered page or a cache, and give it to everybody
 * @throws {KawaError} SECRET_MISSING - RIVET_ENDPOINT is set and KAWA_SECRET is not
 * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not known whether the session was revoked
 * @example
 * const token = await issueToken({ userId: session.userId }, { expiresInMs: 60_000 });
 * client.reactiveState.getOrCreate(["global"], { params: { token } });
 */
export async function issueToken(context: Context, options: IssueTokenOptions = {}): Promise<string> {
  const { expiresInMs = defaultLifetimeMs, backend } = options;
  if (!(Number.isFinite(expiresInMs) && expiresInMs > 0)) {
    throw new KawaError("OPTION_INVALID", `expiresInMs must be a positive number of milliseconds, not ${expiresInMs}.`);
  }
  const text = encodeContext(context);
  const session = options.session === undefined ? await currentSession() : options.session;
  refuseWhereKept("A token was issued");
  const global = globalBackend.peek();
  const globalId = global?.id ?? "";
  const audience = backendAudience(backend?.id ?? (globalId || defaultBackendId));
  const expiresAt = Math.min(Date.now() + expiresInMs, session?.expiresAt ?? Number.POSITIVE_INFINITY);
  // Starting makes sure of the secret.
  await host().start();
  const payload: Payload = [text, session ? checkedPart(session) : null, revocationsIn(global)];
  return sign({ purpose: "client", audience, expiresAt }, JSON.stringify(payload));
}

/**
 * Who a RivetKit client is. Without a token it is anonymous.
 *
 * @throws {KawaError} UNAUTHORIZED - the token is forged, for another actor, has expired, or its session has ended
 * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not known whether its session was revoked
 */
export async function verifyClient({ name, key, conn }: Pick<HookContext, "name" | "key" | "conn">): Promise<Context> {
  const params = conn?.params;
  const token = typeof params === "object" && params !== null && "token" in params ? params.token : undefined;
  if (token === undefined || token === null) return {};
  const checked = checkedFor(name, key, token);
  if (checked.state === "expired") throw new KawaError("UNAUTHORIZED", "The token has expired; get a new one.");
  if (checked.state === "invalid")
    throw new KawaError("UNAUTHORIZED", "The token was not issued by this app, or not for this actor.");
  const { context, session, revocationsAt } = readPayload(checked.payload);
  if (session && (await hasEnded(session, revocationsAt))) {
    throw new KawaError("UNAUTHORIZED", "The session of the token has ended; get a new one.");
  }
  return context;
}

/** A token for a backend is one for each of its shards. */
function checkedFor(name: string, key: readonly string[], token: unknown): ReturnType<typeof verify> {
  const checked = verify({ purpose: "client", audience: actorAudience(name, key) }, token);
  const whole = shardIn(key[0] ?? "")?.whole;
  if (checked.state !== "invalid" || whole === undefined || key.length > 1) return checked;
  return verify({ purpose: "client", audience: actorAudience(name, [whole]) }, token);
}

/** Where the sessions are kept that have ended. */
function revocationsIn(backend: Backend | undefined): string {
  return backend === undefined ? "" : homeOf(backend, serverKey("")).id;
}

/** What is needed to find out whether the session has ended. */
function checkedPart({ id, chain, generation }: CheckedSession): CheckedSession {
  return { id, chain, generation };
}

function readPayload(payload: string): { context: Context; session: CheckedSession | null; revocationsAt: string } {
  try {
    const [context, session, revocationsAt] = JSON.parse(payload) as Partial<Payload>;
    if (typeof context !== "string" || session === undefined || typeof revocationsAt !== "string")
      throw new TypeError("A part is missing");
    return { context: decodeContext(context), session, revocationsAt };
  } catch (cause) {
    throw new KawaError("UNAUTHORIZED", "The token was issued by another version of this app; get a new one.", {
      cause,
    });
  }
}

async function hasEnded(session: CheckedSession, revocationsAt: string): Promise<boolean> {
  const revoked = revocationsOf(revocationsAt);
  await revoked.load();
  return revoked.has(session);
}

/** A process may host actors and have no global backend, or another one. */
function revocationsOf(backendId: string): RevokedSessions {
  const global = globalBackend.peek();
  // A token lives on when its backend is divided otherwise.
  if (backendId === "" || (global && wholeId(backendId) === wholeId(global.id))) return revokedSessions();
  const others = processState("revoked-sessions-of-others", () => new Map<string, RevokedSessions>());
  let found = others.get(backendId);
  if (!found)
    others.set(backendId, (found = new RevokedSessions(knownBackends().get(backendId) ?? connectTo(backendId))));
  return found;
}

function wholeId(backendId: string): string {
  return shardIn(backendId)?.whole ?? backendId;
}

function connectTo(backendId: string): Backend {
  const at = backendId.indexOf("/");
  const backend = new RivetBackend({ actorName: backendId.slice(0, at), actorId: backendId.slice(at + 1) });
  host().attach(backend);
  return backend;
}
