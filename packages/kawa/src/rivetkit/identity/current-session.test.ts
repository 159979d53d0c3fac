import { beforeEach, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { asNext } from "../../../test/support/next-stores.ts";
import { currentSession, provideCurrentSession } from "./current-session.ts";

const { cookies } = await import("next/headers.js");

const session = { id: "one", expiresAt: 1 };
const read = vi.fn<() => Promise<typeof session | undefined>>();

beforeEach(() => {
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.session-readers"));
  read.mockReset().mockImplementation(async () => {
    await cookies();
    return session;
  });
  provideCurrentSession("cookie", read);
});

const request = (phase: string) => ({ type: "request", phase, cookies: {}, userspaceMutableCookies: {} });

it.each(["render", "after"])("is that of the request in the phase %s", async (phase) => {
  expect(await asNext({ work: {}, unit: request(phase) }, currentSession)).toBe(session);
});

it("is none outside of a request", async () => {
  expect(await currentSession()).toBeUndefined();
});

it("is not taken for none where there is a request that cannot be asked", async () => {
  const error = await asNext({ work: {}, unit: { type: "unstable-cache", phase: "render" } }, () =>
    caught(currentSession),
  );
  expect(error).toMatchObject({ code: "CONTEXT_UNAVAILABLE", message: expect.stringContaining("unstable_cache") });
});

it("passes on by what Next makes a route dynamic", async () => {
  const end = Object.assign(new Error("dynamic"), { digest: "DYNAMIC_SERVER_USAGE" });
  read.mockRejectedValue(end);
  expect(await asNext({ work: {}, unit: { type: "prerender-legacy" } }, () => caught(currentSession))).toBe(end);
});
