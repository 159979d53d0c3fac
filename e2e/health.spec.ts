import { signalProcess } from "./support/process.ts";
import { expect, test } from "./fixtures.ts";
import type { Server } from "./support/server.ts";

type Answer = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers };

async function ask(server: Server, path: string): Promise<Answer> {
  const answer = await fetch(`${server.url}${path}`);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

const isReady = async (server: Server): Promise<unknown> => (await ask(server, "/api/ready")).body["status"];

/** 5 s are the lab's limit; this machine may be three times slower. */
const noticed = { timeout: 30_000 };

test("a server says whether it is ready: not while its engine hangs, and again when that goes on", async ({
  startLabServer,
}) => {
  const server = await startLabServer();
  await expect.poll(() => isReady(server), noticed).toBe("ready");
  const { status, body, headers } = await ask(server, "/api/ready");
  expect([status, Object.keys(body)]).toEqual([200, ["status", "ageMs"]]);
  expect(body["ageMs"]).toBeLessThan(5_000);
  expect([headers.get("cache-control"), headers.get("set-cookie")]).toEqual(["no-store", null]);

  const { pid } = (await server.engine())!;
  signalProcess(pid, "SIGSTOP");
  await expect.poll(() => isReady(server), noticed).toBe("unready");
  const unready = await ask(server, "/api/ready");
  expect([unready.status, unready.body["reason"], unready.headers.get("retry-after")]).toEqual([503, "STALE", "1"]);
  expect(await ask(server, "/api/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  signalProcess(pid, "SIGCONT");
  await expect.poll(() => isReady(server), noticed).toBe("ready");
});
