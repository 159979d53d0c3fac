import { NextRequest, NextResponse } from "next/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { codeOf } from "../../../test/support/caught.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { createSessions } from "./create-sessions.ts";
import { onSessionRevoked, revokedSessions } from "../../rivetkit/identity/revoked-sessions.ts";
import { revokeSession } from "./revoke-session.ts";

type SetCookie = {
  name: string;
  value: string;
  secure: boolean;
  httpOnly: boolean;
  sameSite: string;
  path: string;
  expires: Date;
};

/** The request that server code is answering. */
const request = { jar: new Map<string, string>(), headers: new Headers(), set: [] as SetCookie[] };

vi.mock("next/headers", () => ({
  headers: async () => request.headers,
  cookies: async () => ({
    get: (name: string) => (request.jar.has(name) ? { value: request.jar.get(name) } : undefined),
    set: (cookie: SetCookie) => {
      request.set.push(cookie);
      request.jar.set(cookie.name, cookie.value);
    },
  }),
}));

const dayMs = 24 * 60 * 60 * 1000;
let backend: Backend;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.client-rates"));
  shareSecret("a secret of the test");
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
  Object.assign(request, { jar: new Map(), headers: new Headers({ "x-forwarded-proto": "http" }), set: [] });
  registerBackend((backend = createMemoryBackend("sessions")), { global: true });
});

afterEach(() => {
  unregisterBackend(backend);
  vi.useRealTimers();
});

const sessions = createSessions<{ userId: string }>();

const pageHeaders = { accept: "text/html,*/*", "sec-fetch-dest": "document" };

type Visit = { cookie?: string | undefined; headers?: HeadersInit; method?: string; url?: string };

/** What the middleware gives a browser. */
function visit({ cookie, headers = pageHeaders, method = "GET", url = "http://host/" }: Visit = {}) {
  const sent = new NextRequest(url, { headers, method });
  if (cookie !== undefined) sent.cookies.set(url.startsWith("https") ? "__Host-kawa-session" : "kawa-session", cookie);
  const response = NextResponse.next();
  sessions.keep(sent, response);
  return response.cookies.getAll()[0];
}

/** The cookie of a visitor who has opened a page. */
function newVisitor(): string {
  const { value } = visit()!;
  request.jar.set("kawa-session", value);
  return value;
}

describe("keep", () => {
  it("gives a first visitor a session that scripts cannot read and other sites cannot use", () => {
    expect(visit()).toMatchObject({
      name: "kawa-session",
      httpOnly: true,
      sameSite: "lax",
      path: "/",
      secure: false,
      expires: new Date(1_000_000 + 30 * dayMs),
    });
  });

  it.each([
    ["the URL", { url: "https://host/" }],
    ["a proxy", { headers: { ...pageHeaders, "x-forwarded-proto": "https, http" } }],
  ])("makes it secure and bound to the host where %s says https", (_, given) => {
    expect(visit(given)).toMatchObject({ name: "__Host-kawa-session", secure: true, path: "/" });
  });

  it("leaves a session as it is until it is a day old, then renews it under the same id", async () => {
    const first = newVisitor();
    const { id } = (await sessions.read())!;
    vi.advanceTimersByTime(dayMs - 1);
    expect(visit({ cookie: first })).toBeUndefined();
    vi.advanceTimersByTime(1);
    const renewed = visit({ cookie: first })!;
    request.jar.set("kawa-session", renewed.value);
    expect(await sessions.read()).toEqual({ id, expiresAt: 1_000_000 + 31 * dayMs, data: undefined });
  });

  it("keeps who has signed in when it renews", async () => {
    await sessions.signIn({ userId: "ada" });
    await sessions.read();
    vi.advanceTimersByTime(2 * dayMs);
    request.jar.set("kawa-session", visit({ cookie: request.jar.get("kawa-session") })!.value);
    expect((await sessions.read())?.data).toEqual({ userId: "ada" });
  });

  it("replaces a session that is forged, has expired, or was revoked", async () => {
    const first = newVisitor();
    const { id, expiresAt } = (await sessions.read())!;
    expect(visit({ cookie: `${first.slice(0, -1)}_` })?.value).not.toBe(first);
    await revokeSession(id, { expiresAt });
    request.jar.set("kawa-session", visit({ cookie: first })!.value);
    expect((await sessions.read())!.id).not.toBe(id);
    vi.advanceTimersByTime(30 * dayMs);
    expect(visit({ cookie: first })).toBeDefined();
  });

  it.each<[string, Visit]>([
    ["a refresh", { headers: { accept: "*/*", "sec-fetch-dest": "empty" } }],
    ["a prefetched page", { headers: { ...pageHeaders, "sec-purpose": "prefetch;prerender" } }],
    ["an image", { headers: { accept: "image/*,*/*", "sec-fetch-dest": "image" } }],
    ["a program", { headers: { accept: "*/*" } }],
    ["a form", { method: "POST" }],
  ])("gives no session to %s", (_, given) => {
    expect(visit(given)).toBeUndefined();
  });

  it("gives one to a page over http, where browsers do not say what they ask for", () => {
    expect(visit({ headers: { accept: "text/html,application/xhtml+xml" } })).toBeDefined();
  });
});

describe("read", () => {
  it("is undefined without a cookie, and with one that is forged or has expired", async () => {
    expect(await sessions.read()).toBeUndefined();
    const cookie = newVisitor();
    request.jar.set("kawa-session", `${cookie}A`);
    expect(await sessions.read()).toBeUndefined();
    request.jar.set("kawa-session", cookie);
    expect(await sessions.read()).toEqual({
      id: expect.any(String),
      expiresAt: 1_000_000 + 30 * dayMs,
      data: undefined,
    });
    vi.advanceTimersByTime(30 * dayMs);
    expect(await sessions.read()).toBeUndefined();
  });

  it("takes over https only what is bound to the host", async () => {
    newVisitor();
    request.headers = new Headers({ "x-forwarded-proto": "https" });
    expect(await sessions.read()).toBeUndefined();
    request.jar.set("__Host-kawa-session", request.jar.get("kawa-session")!);
    expect(await sessions.read()).toBeDefined();
  });

  it("is undefined after the session was revoked, also on a server that was not there then", async () => {
    newVisitor();
    const { id, expiresAt } = (await sessions.read())!;
    await revokeSession(id, { expiresAt });
    expect(await sessions.read()).toBeUndefined();
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    expect(await sessions.read()).toBeUndefined();
  });

  it("fails while nobody knows whether the session was revoked", async () => {
    newVisitor();
    vi.spyOn(backend, "keys").mockRejectedValue(new KawaError("BACKEND_UNAVAILABLE", "away"));
    expect(await codeOf(() => sessions.read())).toBe("BACKEND_UNAVAILABLE");
    vi.restoreAllMocks();
    expect(await sessions.read()).toBeDefined();
  });
});

describe("a session that was signed out", () => {
  /** A copy of the cookie is renewed, then its owner signs out with the older one. */
  async function signOutWithOlderCopy(): Promise<string> {
    await sessions.signIn({ userId: "ada" });
    await sessions.read();
    const own = request.jar.get("kawa-session")!;
    vi.advanceTimersByTime(20 * dayMs);
    const copy = visit({ cookie: own })!.value;
    await sessions.signOut();
    return copy;
  }

  async function isNone(cookie: string): Promise<boolean> {
    request.jar.set("kawa-session", cookie);
    return (await sessions.read()) === undefined;
  }

  it("does not come back in a copy that was renewed before, for as long as that lives, after a restart too", async () => {
    const copy = await signOutWithOlderCopy();
    for (let day = 0; day < 31; day += 1) {
      Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
      expect(await isNone(copy)).toBe(true);
      vi.advanceTimersByTime(dayMs);
    }
  });

  it("is forgotten when no copy of it can live any more", async () => {
    await signOutWithOlderCopy();
    vi.advanceTimersByTime(31 * dayMs);
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    await revokedSessions().load();
    expect(await backend.keys("\0server:")).toEqual([]);
  });

  it("does not come back when the app has revoked it by an id and a time that were older", async () => {
    await sessions.signIn({ userId: "ada" });
    const { id, expiresAt } = (await sessions.read())!;
    vi.advanceTimersByTime(20 * dayMs);
    const copy = visit({ cookie: request.jar.get("kawa-session") })!.value;
    await revokeSession(id, { expiresAt });
    vi.advanceTimersByTime(15 * dayMs);
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    expect(await isNone(copy)).toBe(true);
  });

  it("is not renewed by a server that does not know yet what was revoked, or has lost its actor", async () => {
    await sessions.signIn({ userId: "ada" });
    const cookie = request.jar.get("kawa-session")!;
    await sessions.read();
    vi.advanceTimersByTime(2 * dayMs);
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    expect(visit({ cookie })).toBeUndefined();
    await revokedSessions().load();
    vi.spyOn(backend, "status", "get").mockReturnValue("connecting");
    expect(visit({ cookie })).toBeUndefined();
    vi.restoreAllMocks();
    expect(visit({ cookie })).toBeDefined();
  });

  it("leaves one row a browser, however often it signs in and out", async () => {
    newVisitor();
    const cookies: string[] = [];
    for (let n = 0; n < 300; n += 1) {
      cookies.push(request.jar.get("kawa-session")!);
      await (n % 2 ? sessions.signOut() : sessions.signIn({ userId: "ada" }));
    }
    expect(await backend.keys("\0server:")).toHaveLength(1);
    const now = request.jar.get("kawa-session")!;
    for (const isRestarted of [false, true]) {
      if (isRestarted) Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
      for (const cookie of cookies) expect(await isNone(cookie)).toBe(true);
      expect(await isNone(now)).toBe(false);
    }
  });

  it("says by its id nothing of the sessions before and after it", async () => {
    newVisitor();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await sessions.signOut()).id);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    expect(new Set(ids).size).toBe(3);
  });
});

describe("two sign-ins at once from one cookie", () => {
  it.each([0, 1])("end together, with the streams of both, whichever of the two signs out: %i", async (which) => {
    newVisitor();
    const [first, second] = await Promise.all([sessions.signIn({ userId: "ada" }), sessions.signIn({ userId: "ada" })]);
    const cookies = request.set.slice(-2).map(({ value }) => value);
    for (const cookie of cookies) {
      request.jar.set("kawa-session", cookie);
      expect(await sessions.read()).toBeDefined();
    }
    const told = new Set<string>();
    onSessionRevoked((id) => told.add(id));
    request.jar.set("kawa-session", cookies[which]!);
    await sessions.signOut();
    expect([...told]).toEqual(expect.arrayContaining([first.id, second.id]));
    for (const cookie of cookies) {
      request.jar.set("kawa-session", cookie);
      expect(await sessions.read()).toBeUndefined();
    }
  });
});

describe("the cookies of two createSessions", () => {
  it("do not open as each other's", async () => {
    const other = createSessions({ cookieName: "other" });
    await sessions.signIn({ userId: "ada" });
    request.jar.set("other", request.jar.get("kawa-session")!);
    expect(await other.read()).toBeUndefined();
    expect(await sessions.read()).toBeDefined();
  });
});

describe("a secret that is replaced", () => {
  const [a, b] = ["secret A of the test", "secret B of the test"];

  it.each([
    ["the old server first", a, [], b, [a]],
    ["the new server first", b, [a], a, []],
  ] as const)("signs nobody out while both are in use: %s", async (_, first, before, second, other) => {
    shareSecret(first, before);
    await sessions.signIn({ userId: "ada" });
    const { id } = (await sessions.read())!;
    for (let n = 0; n < 4; n += 1) {
      vi.advanceTimersByTime(2 * dayMs);
      if (n % 2) shareSecret(first, before);
      else shareSecret(second, other);
      const renewed = visit({ cookie: request.jar.get("kawa-session") });
      request.jar.set("kawa-session", renewed!.value);
      expect((await sessions.read())?.id).toBe(id);
    }
    // With its next renewal it is of the new secret.
    vi.advanceTimersByTime(2 * dayMs);
    shareSecret(b, [a]);
    request.jar.set("kawa-session", visit({ cookie: request.jar.get("kawa-session") })!.value);
    shareSecret(b, []);
    expect((await sessions.read())?.id).toBe(id);
    shareSecret("secret C of the test", []);
    expect(await sessions.read()).toBeUndefined();
  });
});

it("a session that has no room for one more signature keeps its visitor, and is renewed no more", async () => {
  const report = vi.spyOn(console, "error").mockImplementation(() => {});
  let length = 2_000;
  while ((await codeOf(() => sessions.signIn({ userId: "x".repeat(length + 10) }))) !== "VALUE_TOO_LARGE") length += 10;
  await sessions.signIn({ userId: "x".repeat(length) });
  vi.advanceTimersByTime(2 * dayMs);
  shareSecret("another secret of the test", ["a secret of the test"]);
  expect(visit({ cookie: request.jar.get("kawa-session") })).toBeUndefined();
  expect((await sessions.read())?.data?.userId).toHaveLength(length);
  expect(report).toHaveBeenCalledTimes(1);
  report.mockRestore();
});

describe("signing in and out", () => {
  it("begins a new session each time, and ends the one before", async () => {
    const cookies = [newVisitor()];
    const ids = [(await sessions.read())!.id];
    for (const act of [
      () => sessions.signIn({ userId: "ada" }),
      () => sessions.signIn({ userId: "bob" }),
      () => sessions.signOut(),
    ]) {
      const { id } = await act();
      expect((await sessions.read())!.id).toBe(id);
      ids.push(id);
      cookies.push(request.jar.get("kawa-session")!);
    }
    expect(new Set(ids).size).toBe(4);
    expect((await sessions.read())?.data).toBeUndefined();
    for (const old of cookies.slice(0, 3)) {
      request.jar.set("kawa-session", old);
      expect(await sessions.read()).toBeUndefined();
    }
  });

  it("gives the browser what was verified, and the same kind of cookie", async () => {
    await sessions.signIn({ userId: "ada" });
    expect((await sessions.read())?.data).toEqual({ userId: "ada" });
    expect(request.set).toEqual([
      expect.objectContaining({ name: "kawa-session", httpOnly: true, sameSite: "lax", path: "/", secure: false }),
    ]);
  });

  it("changes nothing when it is not durable that the session before has ended", async () => {
    const before = newVisitor();
    vi.spyOn(backend, "set").mockRejectedValue(new KawaError("BACKEND_UNAVAILABLE", "away"));
    expect(await codeOf(() => sessions.signIn({ userId: "ada" }))).toBe("BACKEND_UNAVAILABLE");
    expect(request.jar.get("kawa-session")).toBe(before);
  });

  it("refuses more than a cookie holds", async () => {
    expect(await codeOf(() => sessions.signIn({ userId: "x".repeat(4_000) }))).toBe("VALUE_TOO_LARGE");
  });
});

it.each([{ maxAgeMs: 0 }, { maxAgeMs: Number.NaN }, { renewAfterMs: -1 }])("refuses the ages %j", async (options) => {
  expect(await codeOf(() => createSessions(options))).toBe("OPTION_INVALID");
});

describe("an address from which very many come at once", () => {
  const from = async (address: string, work: () => unknown): Promise<number> => {
    let count = 0;
    for (let at = 0; at < 1_100; at += 1) if (await asFrom(address, work)) count += 1;
    return count;
  };

  it("gets no more sessions than a limit says, and ten a second from then on", async () => {
    expect(await from("203.0.113.1", () => visit())).toBe(1_000);
    vi.advanceTimersByTime(1_000);
    expect(await from("203.0.113.1", () => visit())).toBe(10);
    expect(await asFrom("203.0.113.2", () => visit())).toBeDefined();
  });

  it("leaves few rows of guests who have ended, also where each comes as a new one", async () => {
    const ended = await from("203.0.113.4", async () => {
      const cookie = visit();
      if (cookie) request.jar.set("kawa-session", cookie.value);
      return cookie !== undefined && (await codeOf(() => sessions.signOut())) === undefined;
    });
    // One begins and ends for 21 of 1,000.
    expect(ended).toBe(47);
  });

  it("cannot sign guests out without end; who has signed in can sign out", async () => {
    await from("203.0.113.3", () => visit());
    expect(await asFrom("203.0.113.3", () => codeOf(() => sessions.signOut()))).toBe("RATE_LIMITED");
    await asFrom("203.0.113.3", () => sessions.signIn({ userId: "ada" }));
    expect(await asFrom("203.0.113.3", () => sessions.signOut())).toMatchObject({ data: undefined });
  });
});
