import { describe, expect, it, vi } from "vitest";
import { KawaError } from "../../core/errors/errors.ts";
import { answerErrors } from "./answer.ts";

const request = (): Request => new Request("http://test/api/sign-out", { method: "POST" });

describe("a route handler of the app", () => {
  it("answers as it likes, and is given what Next gives", async () => {
    const handler = answerErrors(
      async (_: Request, { params }: { params: Promise<{ id: string }> }) =>
        new Response((await params).id, { status: 201 }),
    );
    const answer = await handler(request(), { params: Promise.resolve({ id: "seven" }) });
    expect([answer.status, await answer.text()]).toEqual([201, "seven"]);
  });

  it("answers 429 with the time to wait where a client has done too much", async () => {
    const handler = answerErrors(() => {
      throw new KawaError("RATE_LIMITED", "Too many new sessions from this address.", {
        data: { retryAfterMs: 2_500 },
      });
    });
    const answer = await handler(request());
    expect([answer.status, answer.headers.get("retry-after"), answer.headers.get("cache-control")]).toEqual([
      429,
      "3",
      "no-store",
    ]);
    expect(await answer.json()).toEqual({
      code: "RATE_LIMITED",
      error: "That was too much at once. Please wait a moment.",
      retryAfterMs: 2_500,
    });
  });

  it("tells nobody what an error says to developers", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const answer = await answerErrors(async () =>
      Promise.reject(new KawaError("BACKEND_UNAVAILABLE", "The engine at 127.0.0.1 is away.")),
    )(request());
    expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining("127.0.0.1")]);
    expect(reported).toHaveBeenCalledOnce();
    reported.mockRestore();
  });

  it("lets everything else through, as the redirects of Next", async () => {
    const redirect = new Error("NEXT_REDIRECT");
    await expect(answerErrors(() => Promise.reject(redirect))(request())).rejects.toBe(redirect);
  });
});
