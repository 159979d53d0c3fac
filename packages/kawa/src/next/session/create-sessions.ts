import { randomBytes, randomUUID } from "node:crypto";
import { cookies, headers } from "next/headers";
import type { NextRequest, NextResponse } from "next/server";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { provideCurrentSession } from "../../rivetkit/identity/current-session.ts";
import { type ChainedSession, revokedSessions } from "../../rivetkit/identity/revoked-sessions.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import { rateLimits } from "../limits/limits.ts";
import { chargeSession, mayBeginSession } from "./new-sessions.ts";
import { isHttps, sessionCookie, sessionCookieName } from "./session-cookie.ts";
import { defaultMaxAgeMs, noteSessionLifetime } from "./longest-session.ts";
import { openSession, sealSession, type SessionContent } from "./session-token.ts";

/** Options of {@link createSessions}. */
export type SessionsOptions = {
  /** A session ends this long after it began or was last renewed, in milliseconds. @default 2_592_000_000 (30 days) */
  maxAgeMs?: number;
  /** A session that is older than this is renewed when its visitor opens a page, in milliseconds. @default 86_400_000 (1 day) */
  renewAfterMs?: number;
  /** Over https the name begins with `__Host-`. @default "kawa-session" */
  cookieName?: string;
};

/** A visitor, as the signed cookie of their browser says it. */
export type Session<Data> = {
  /** Changes when the visitor signs in or out. */
  readonly id: string;
  /** When it ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What {@link Sessions.signIn} was given; undefined for a visitor who has not signed in. */
  readonly data: Data | undefined;
};

/** The sessions of an app: who has one, and what it says of its visitor. {@link createSessions} makes them. */
export interface Sessions<Data> {
  /**
   * Gives a visitor who opens a page a session, which that very render sees, and renews an old one. An address from which very many
   * come at once gets no more for a moment. For the middleware; {@link Sessions.read} is for everything else.
   */
  keep(request: NextRequest, response: NextResponse): void;
  /**
   * The session of the request that is being answered; undefined for a program without cookies, and for a session that has
   * expired, was revoked, or was not signed by this app. For server components, server actions and route handlers.
   *
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it is not known whether it was revoked
   * @throws {KawaError} SECRET_MISSING - RIVET_ENDPOINT is set and KAWA_SECRET is not
   */
  read(): Promise<Session<Data> | undefined>;
  /**
   * Begins a new session, for whom you have verified. The one before ends, with its streams, on every server. `data` is plain
   * JSON that the visitor may read; keep it small, such as the id of the user. For server actions and route handlers.
   *
   * @throws {KawaError} as {@link Sessions.read}
   * @throws {KawaError} VALUE_TOO_LARGE - the cookie would be larger than browsers keep
   */
  signIn(data: Data): Promise<Session<Data>>;
  /**
   * As {@link Sessions.signIn}, for a visitor who is anonymous from now on.
   *
   * @throws {KawaError} RATE_LIMITED - the visitor was not signed in, and very many sessions begin at this address
   */
  signOut(): Promise<Session<Data>>;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Sessions in a signed cookie. Nothing is stored but the ids of those that ended before their time.
 *
 * @throws {KawaError} OPTION_INVALID - an age is no positive number
 * @example
 * // lib/session.ts
 * export const sessions = createSessions<{ userId: string }>();
 */
export function createSessions<Data>(options: SessionsOptions = {}): Sessions<Data> {
  const { maxAgeMs = defaultMaxAgeMs, renewAfterMs = dayMs, cookieName = "kawa-session" } = options;
  for (const [name, ms] of Object.entries({ maxAgeMs, renewAfterMs })) {
    if (!(Number.isFinite(ms) && ms > 0)) {
      throw new KawaError("OPTION_INVALID", `${name} must be a positive number of milliseconds, not ${ms}.`);
    }
  }

  noteSessionLifetime(maxAgeMs);

  const issue = (session: ChainedSession, data: unknown): SessionContent => {
    const issuedAt = Date.now();
    return { ...session, issuedAt, expiresAt: issuedAt + maxAgeMs, data };
  };
  const cookieFor = (content: SessionContent, https: boolean) =>
    sessionCookie({
      name: cookieName,
      value: sealSession(cookieName, content),
      isHttps: https,
      expiresAt: content.expiresAt,
    });

  const readContent = async (): Promise<SessionContent | undefined> => {
    const name = sessionCookieName(cookieName, isHttps(await headers()));
    const content = openSession(cookieName, (await cookies()).get(name)?.value);
    if (!content) return undefined;
    await revokedSessions().load();
    if (revokedSessions().has(content)) return undefined;
    revokedSessions().meet(content);
    return content;
  };
  provideCurrentSession(cookieName, readContent);

  const begin = async (data: Data | undefined): Promise<Session<Data>> => {
    const sent = await headers();
    const before = await readContent();
    // Anybody can do this, and each time the end of the session before has to be remembered.
    const isOfGuest = before?.data === undefined && data === undefined;
    const cost = before?.generation === 0 ? rateLimits.guestEndCost : 1;
    if (isOfGuest) chargeSession({ headers: new Headers(sent) }, cost);
    const next = issue(before ? nextOf(before) : firstSession(), data);
    const cookie = cookieFor(next, isHttps(sent));
    // First the end of the earlier session becomes durable, for as long as a copy of its cookie lives that was renewed just now.
    if (before) await revokedSessions().end(before, Math.max(before.expiresAt, Date.now() + maxAgeMs));
    (await cookies()).set(cookie);
    return shown<Data>(next);
  };

  const renew = (response: NextResponse, held: SessionContent, https: boolean): void => {
    try {
      response.cookies.set(cookieFor(issue(held, held.data), https));
    } catch (error) {
      // While a secret is replaced, a cookie has one signature more and may be too large. The visitor sees the page all the same.
      if (!isKawaError(error, "VALUE_TOO_LARGE")) throw error;
      reportSeldom("session", "A session could not be renewed, so it ends when it expires.", error);
    }
  };

  return {
    keep(request, response) {
      if (!opensPage(request)) return;
      const https = isHttps(request.headers, request.nextUrl.protocol);
      const held = openSession(cookieName, request.cookies.get(sessionCookieName(cookieName, https))?.value);
      if (!held || revokedSessions().has(held)) {
        if (mayBeginSession(request)) response.cookies.set(cookieFor(issue(firstSession(), undefined), https));
      } else if (Date.now() - held.issuedAt >= renewAfterMs && revokedSessions().isCurrent) {
        // A server that may not have heard of a revocation renews nothing: the new cookie would outlive the revocation.
        renew(response, held, https);
      }
    },
    read: async () => {
      const content = await readContent();
      return content && shown<Data>(content);
    },
    signIn: begin,
    signOut: () => begin(undefined),
  };
}

function firstSession(): ChainedSession {
  return { id: randomUUID(), chain: randomBytes(12).toString("base64url"), generation: 0 };
}

function nextOf({ chain, generation }: ChainedSession): ChainedSession {
  return { id: randomUUID(), chain, generation: generation + 1 };
}

function shown<Data>({ id, expiresAt, data }: SessionContent): Session<Data> {
  return { id, expiresAt, data: data as Data | undefined };
}

/**
 * A prefetch, a refresh, a stream or an image comes with a page that has brought a session, and a form is answered by what
 * signs in or out: a second session must not overtake the first.
 */
function opensPage({ method, headers: sent }: NextRequest): boolean {
  if (method !== "GET" || sent.get("sec-purpose")?.includes("prefetch")) return false;
  // Browsers leave it out over http, unless the host is local.
  const destination = sent.get("sec-fetch-dest");
  return destination === null ? (sent.get("accept")?.includes("text/html") ?? false) : destination === "document";
}
