import { describe, expect, it } from "vitest";
import { adoptedSettings, namedEngine } from "./registry-settings.ts";

const use = {};

describe("the settings that are taken over from a registry", () => {
  it("are those of its actors", () => {
    const settings = {
      maxIncomingMessageSize: 1,
      maxOutgoingMessageSize: 2,
      sqlite: "remote",
      logging: { level: "debug" },
    } as const;
    expect(adoptedSettings({ use, ...settings })).toEqual(settings);
  });

  it("are none of its life and place", () => {
    expect(
      adoptedSettings({ use, endpoint: "http://engine", namespace: "n", startEngine: true, noWelcome: false }),
    ).toEqual({});
  });

  it("are none that it leaves out", () => {
    expect(Object.keys(adoptedSettings({ use }))).toEqual([]);
  });
});

describe("the engine that a registry names", () => {
  it.each([
    [{}, undefined],
    [{ namespace: "n", token: "t" }, undefined],
    [{ endpoint: "https://engine:1234" }, "https://engine:1234"],
    [{ endpoint: "https://engine", namespace: "n" }, "https://n@engine"],
    [{ endpoint: "https://engine", namespace: "n", token: "t" }, "https://n:t@engine"],
    [{ endpoint: "https://n@engine", token: "t" }, "https://n:t@engine"],
    [{ endpoint: "https://n:t@engine/path" }, "https://n:t@engine/path"],
    [{ endpoint: "https://engine", token: "t" }, "https://default:t@engine"],
    [{ endpoint: "not an address" }, "not an address"],
  ])("of %o is %o", (settings, engine) => {
    expect(namedEngine({ use, ...settings })?.address).toBe(engine);
  });

  it("has the pool that the registry names", () => {
    const pools = [{}, { envoy: { poolName: "own" } }, { configurePool: { name: "other", url: "https://app" } }];
    expect(pools.map((settings) => namedEngine({ use, endpoint: "https://engine", ...settings })?.pool)).toEqual([
      undefined,
      "own",
      "other",
    ]);
  });
});
