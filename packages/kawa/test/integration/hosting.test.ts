import { describe, expect, it } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";
import { adminToken, ownAddress, startOwnEngine } from "./support/own-engine.ts";

const KAWA_SECRET = "the secret of all servers";
/** Settings that an engine has as it is shipped. */
const shipped = {
  RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: "15000",
  RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD: "1800000",
};

describe("an engine at an address that is not loopback", () => {
  it("hosts and finds the actors of servers that know address, token, namespace and secret", async (context) => {
    const dataDir = await makeDataDir(context);
    const publicHost = ownAddress() ?? context.skip("This machine has no address but loopback.");
    const { endpoint } = await startOwnEngine({ dataDir, host: "0.0.0.0", publicHost, env: shipped });
    const env = { RIVET_ENDPOINT: endpoint, RIVET_TOKEN: adminToken, RIVET_NAMESPACE: "app", KAWA_SECRET };
    const one = startApp({ dataDir, env: { ...env, RIVET_POOL: "own" } });
    const none = startApp({ dataDir, env: { ...env, RIVET_POOL: "own", KAWA_HOSTING: "none" } });
    expect(await one.call("start")).toBe(endpoint);
    await one.call("set", "k", 5);
    expect(await none.call("get", "k")).toBe(5);
    await none.call("set", "k", 6);
    expect(await one.call("get", "k")).toBe(6);

    const errorOf = async (changed: Record<string, string | undefined>): Promise<unknown> => {
      const app = startApp({ dataDir, env: { ...env, RIVET_POOL: "own", KAWA_HOSTING: "none", ...changed } });
      const error = await app.call("get", "k").catch((reason: unknown) => reason);
      await app.endBy("SIGKILL");
      return error;
    };
    expect(
      await Promise.all([
        errorOf({ RIVET_TOKEN: "another" }),
        errorOf({ RIVET_POOL: "nobody-hosts" }),
        errorOf({ KAWA_SECRET: "the secret of another app" }),
      ]),
    ).toMatchObject([{ code: "ENGINE_TOKEN_REFUSED" }, { code: "ENGINE_POOL_UNUSABLE" }, { code: "UNAUTHORIZED" }]);

    expect(one.log).toContain('had no namespace "app"');
    expect(one.log).toContain("(ENGINE_UNTUNED)");
    expect(one.log + none.log).not.toContain(adminToken);
    await Promise.all([one.endBy("SIGKILL"), none.endBy("SIGKILL")]);
  });
});
