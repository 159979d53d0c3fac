import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { type Backend, type Context, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { issueToken, verifyClient } from "./client-token.ts";
import { provideCurrentSession } from "../identity/current-session.ts";
import type { ChainedSession } from "../identity/revoked-sessions.ts";
import { revokedSessions } from "../identity/revoked-sessions.ts";
import { shareSecret } from "../secret/shared-secret.ts";

vi.mock("../host/host.ts", () => ({ host: () => ({ start: async () => {}, attach() {} }) }));

const minuteMs = 60_000;
const [a, b] = ["secret A of the test", "secret B of the test"];
let backend: Backend;
let current: (ChainedSession & { expiresAt: number }) | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  shareSecret(a, []);
  current = undefined;
  provideCurrentSession("kawa-session", async () => current);
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions-of-others"));
  registerBackend((backend = createMemoryBackend("reactiveState/global")), { global: true });
});

afterEach(() => {
  unregisterBackend(backend);
  vi.useRealTimers();
});

const as = (token: string, key: readonly string[] = ["global"], name = "reactiveState"): Promise<Context> =>
  verifyClient({ name, key: [...key], conn: { id: "1", params: { token } } });

const signedIn = (): NonNullable<typeof current> => ({
  id: "one",
  chain: "c",
  generation: 4,
  expiresAt: Date.now() + 60 * minuteMs,
});

describe("the token of a client", () => {
  it("is for the actor of the global backend, and no other takes it", async () => {
    const token = await issueToken({ userId: "ada" });
    expect(await as(token)).toEqual({ userId: "ada" });
    for (const key of [["room"], [], ["global", "x"], ["GLOBAL"]])
      expect(await codeOf(() => as(token, key))).toBe("UNAUTHORIZED");
    expect(await codeOf(() => as(token, ["global"], "other"))).toBe("UNAUTHORIZED");
  });

  it("is for the actor of the backend that it names", async () => {
    const token = await issueToken({ userId: "ada" }, { backend: { id: "rooms/room/1" } });
    expect(await as(token, ["room/1"], "rooms")).toEqual({ userId: "ada" });
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
    expect(await codeOf(() => as(token, ["room", "1"], "rooms"))).toBe("UNAUTHORIZED");
  });

  it("lasts for 15 minutes, and no longer than the session", async () => {
    const token = await issueToken({});
    current = { ...signedIn(), expiresAt: Date.now() + minuteMs };
    const short = await issueToken({});
    vi.advanceTimersByTime(minuteMs);
    expect([await codeOf(() => as(token)), await codeOf(() => as(short))]).toEqual([undefined, "UNAUTHORIZED"]);
    vi.advanceTimersByTime(14 * minuteMs);
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
  });

  it("ends with the session of the request that asked for it", async () => {
    current = signedIn();
    const token = await issueToken({ userId: "ada" });
    current = undefined;
    expect(await as(token)).toEqual({ userId: "ada" });
    await revokedSessions().end(signedIn(), Date.now() + minuteMs);
    expect(await caught(() => as(token))).toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringContaining("session"),
    });
  });

  it("stays ended when the browser has signed in and out again, and on a server that started later", async () => {
    current = signedIn();
    const token = await issueToken({ userId: "ada" });
    for (const generation of [4, 5, 6])
      await revokedSessions().end({ id: `session ${generation}`, chain: "c", generation }, Date.now() + minuteMs);
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
  });

  it("ends with a session of the app's own login, when it is told of that", async () => {
    const token = await issueToken({ userId: "ada" }, { session: { id: "auth.js:1" } });
    expect(await as(token)).toEqual({ userId: "ada" });
    await revokedSessions().revoke("auth.js:1", Date.now() + minuteMs);
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
  });

  it("ends with no session where the app says so", async () => {
    current = signedIn();
    const token = await issueToken({ userId: "ada" }, { session: null });
    await revokedSessions().end(signedIn(), Date.now() + minuteMs);
    expect(await as(token)).toEqual({ userId: "ada" });
  });

  it("is refused while nobody knows whether its session has ended", async () => {
    current = signedIn();
    const token = await issueToken({ userId: "ada" });
    vi.spyOn(backend, "keys").mockRejectedValue(new KawaError("BACKEND_UNAVAILABLE", "away"));
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
    expect(await codeOf(() => as(token))).toBe("BACKEND_UNAVAILABLE");
  });

  it("is not given to somebody of whom nobody knows whether they have signed out", async () => {
    provideCurrentSession("kawa-session", () => Promise.reject(new KawaError("BACKEND_TIMEOUT", "away")));
    expect(await codeOf(() => issueToken({}))).toBe("BACKEND_TIMEOUT");
  });

  it("is given outside of a request, where Next has no session to tell", async () => {
    provideCurrentSession("kawa-session", () =>
      Promise.reject(new Error("`cookies` was called outside a request scope.")),
    );
    expect(await as(await issueToken({ userId: "job" }))).toEqual({ userId: "job" });
  });

  it("is checked with the revocations of the app's global backend in a process that has none", async () => {
    current = signedIn();
    const token = await issueToken({ userId: "ada" });
    await revokedSessions().end(signedIn(), Date.now() + minuteMs);
    registerBackend(backend, { global: false });
    const other = createMemoryBackend("reactiveState/other");
    registerBackend(other, { global: true });
    expect(await codeOf(() => as(token))).toBe("UNAUTHORIZED");
    unregisterBackend(other);
  });

  it("is taken by servers of both secrets while one replaces the other", async () => {
    const old = await issueToken({ userId: "ada" });
    shareSecret(b, [a]);
    const next = await issueToken({ userId: "bob" });
    expect([await as(old), await as(next)]).toEqual([{ userId: "ada" }, { userId: "bob" }]);
    shareSecret(a, []);
    expect([await as(old), await as(next)]).toEqual([{ userId: "ada" }, { userId: "bob" }]);
    shareSecret(b, []);
    expect([await codeOf(() => as(old)), await as(next)]).toEqual(["UNAUTHORIZED", { userId: "bob" }]);
  });
});
