import { afterEach, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { remoteTarget } from "./engine-target.ts";

afterEach(() => vi.unstubAllEnvs());

const names = ["RIVET_NAMESPACE", "RIVET_TOKEN", "RIVET_POOL"];

function target(address: string, env: Record<string, string>, pool?: string) {
  for (const name of names) vi.stubEnv(name, env[name]);
  return remoteTarget({ address, pool });
}

it.each<[address: string, env: Record<string, string>, expected: object]>([
  ["http://engine:6420", {}, { endpoint: "http://engine:6420", namespace: "default", token: undefined }],
  ["https://engine/path/", {}, { endpoint: "https://engine/path" }],
  ["http://ns:a%2Fb@engine", {}, { endpoint: "http://engine", namespace: "ns", token: "a/b" }],
  ["http://engine", { RIVET_NAMESPACE: "ns", RIVET_TOKEN: "t" }, { namespace: "ns", token: "t" }],
  ["http://ns@engine", { RIVET_TOKEN: "t" }, { endpoint: "http://engine", namespace: "ns", token: "t" }],
  ["http://engine", { RIVET_POOL: "p" }, { pool: "p" }],
])("of %s with %j is %j", (address, env, expected) => {
  expect(target(address, env)).toMatchObject({ pool: "default", ...expected });
});

it("has the pool that the registry names, whatever the environment does", () => {
  expect(target("http://engine", { RIVET_POOL: "p" }, "own").pool).toBe("own");
});

it.each<[address: string, env?: Record<string, string>]>([
  ["engine:6420"],
  [""],
  ["ws://engine"],
  ["http://engine?a=b"],
  ["http://ns@engine", { RIVET_NAMESPACE: "ns" }],
  ["http://ns:t@engine", { RIVET_TOKEN: "t" }],
])("refuses %s with %j, and shows no token", async (address, env = {}) => {
  const refused = async (): Promise<unknown> => target(address, env);
  expect(await codeOf(refused)).toBe("OPTION_INVALID");
  await expect(refused()).rejects.toThrow("RIVET_ENDPOINT");
});
