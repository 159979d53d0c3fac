import { beforeEach, expect, it, vi } from "vitest";
import { awaitRequest } from "./next-request.ts";

const next = vi.hoisted(() => ({ connection: vi.fn<() => Promise<void>>(), headers: vi.fn<() => Promise<Headers>>() }));

vi.mock("next/server", () => ({ connection: next.connection }));
vi.mock("next/headers", () => ({ headers: next.headers }));

beforeEach(() => {
  next.connection.mockReset().mockResolvedValue();
  next.headers.mockReset().mockResolvedValue(new Headers({ host: "localhost" }));
});

it("gives the headers of the request", async () => {
  expect([...(await awaitRequest())]).toEqual([["host", "localhost"]]);
});

it("passes on by what Next ends a prerender", async () => {
  const end = Object.assign(new Error("During prerendering, …"), { digest: "HANGING_PROMISE_REJECTION" });
  next.connection.mockRejectedValue(end);
  await expect(awaitRequest()).rejects.toBe(end);
});

it("is refused where a result is kept", async () => {
  const cause = new Error('connection() can\'t be called inside "use cache"');
  next.connection.mockImplementation(() => {
    throw cause;
  });
  await expect(awaitRequest()).rejects.toMatchObject({ code: "RENDER_STATIC", cause });
});

it("is refused where a route is forced to be static", async () => {
  next.headers.mockResolvedValue(new Headers());
  await expect(awaitRequest()).rejects.toMatchObject({ code: "RENDER_STATIC" });
});
