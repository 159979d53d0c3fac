import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { asNext } from "../../../test/support/next-stores.ts";
import { whenCollected } from "../../../test/support/when-collected.ts";
import { detached } from "../process/detached.ts";
import { keepRequest } from "./kept-request.ts";
import { asInRequest, nextWork } from "./next-work.ts";

/** Next's own functions, which look at Next's own stores. */
const { cookies, draftMode, headers } = await import("next/headers.js");
const { after, connection } = await import("next/server.js");
const { createRequire } = await import("node:module");
const { createRequestStoreForAPI } = createRequire(import.meta.url)("next/dist/server/async-storage/request-store.js");
// As the host does when a server starts.
detached(() => {});

type Unit = { phase: string; userspaceMutableCookies: { set(name: string, value: string): void } };
type Kept = ReturnType<typeof keepRequest>;

/** A request of a route handler as Next answers it; returns what `handle` has kept of it, and what Next has. */
function answered(handle: (unit: Unit) => Kept): { readonly kept: Kept; readonly ofNext: readonly WeakRef<object>[] } {
  const request = {
    headers: { cookie: "name=ada%20l; theme=dark", "user-agent": "a browser", "x-two": "1, 2" },
    body: "x".repeat(10_000),
  };
  const preview = { previewModeId: "id", previewModeEncryptionKey: "", previewModeSigningKey: "" };
  const url = { pathname: "/api/reactive", search: "?a=1" };
  const unit = createRequestStoreForAPI(request, url, { tags: [] }, () => void request.body, preview, undefined);
  const work = { route: "/api/reactive", afterContext: { request }, runInCleanSnapshot: () => request.body };
  const kept = asNext({ work, unit, action: { isAppRoute: true } }, () => handle(unit as Unit));
  unit.phase = "after";
  return { kept, ofNext: [new WeakRef(request), new WeakRef(unit), new WeakRef(work)] };
}

describe("a request that is kept", () => {
  it("tells its headers and cookies after it was answered, as often as it is asked", async () => {
    const { kept } = answered(() => keepRequest());
    for (let n = 0; n < 2; n += 1) {
      await kept(async () => {
        const [sent, jar] = [await headers(), await cookies()];
        expect([sent.get("user-agent"), sent.get("X-Two"), sent.get("cookie")]).toEqual([
          "a browser",
          "1, 2",
          "name=ada%20l; theme=dark",
        ]);
        expect([jar.get("name")?.value, jar.get("theme")?.value, jar.get("none")]).toEqual([
          "ada l",
          "dark",
          undefined,
        ]);
        expect((await draftMode()).isEnabled).toBe(false);
        await connection();
        expect(nextWork()).toMatchObject({ work: { route: "/api/reactive" }, unit: { type: "request" } });
        expect(nextWork()?.unit?.url).toEqual({ pathname: "/api/reactive", search: "?a=1" });
      });
    }
  });

  it("tells the cookies that the handler has set", async () => {
    const { kept } = answered((unit) => {
      unit.userspaceMutableCookies.set("name", "grace; h");
      return keepRequest();
    });
    expect(await kept(async () => (await asInRequest(cookies)).get("name")?.value)).toBe("grace; h");
  });

  it("gives what the app has in async storage", () => {
    const storage = new AsyncLocalStorage<string>();
    const { kept } = answered(() => storage.run("of the app", () => keepRequest()));
    expect(kept(() => storage.getStore())).toBe("of the app");
  });

  it("runs what is to be run after the answer", async () => {
    const { kept } = answered(() => keepRequest());
    const ran = new Promise((resolve) => kept(() => after(() => resolve("later"))));
    expect(await ran).toBe("later");
  });

  it("keeps nothing of what Next has of it", async () => {
    const { kept, ofNext } = answered(() => keepRequest());
    await kept(async () => (await cookies()).getAll());
    await whenCollected(ofNext);
    expect(await kept(async () => (await cookies()).get("theme")?.value)).toBe("dark");
  });
});

it("outside of Next everything is kept as it is", () => {
  const storage = new AsyncLocalStorage<string>();
  const kept = storage.run("here", () => keepRequest());
  expect(kept(() => storage.getStore())).toBe("here");
});
