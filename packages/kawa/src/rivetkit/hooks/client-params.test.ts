import { describe, expect, it } from "vitest";
import { actionNames, clientParams } from "./client-params.ts";

describe("the params of a client", () => {
  it.each([
    ["setSignal", ["k", 1], { key: "k", value: 1 }],
    ["setSignal", [{ key: "k", value: 1 }], { key: "k", value: 1 }],
    ["setSignal", ["k", { key: "other", value: 2 }], { key: "k", value: { key: "other", value: 2 } }],
    ["setSignal", ["k"], { key: "k", value: undefined }],
    ["getSignal", ["k"], { key: "k" }],
    ["getSignal", [{ key: "k" }], { key: "k" }],
    ["getSignal", [], { key: undefined }],
    ["getSignal", [["k"]], { key: ["k"] }],
    ["getAllSignals", [], { prefix: "" }],
    ["getAllStreams", [{ anything: 1 }], {}],
    ["updateStream", ["s", 1], { scope: "s", value: 1 }],
    ["registerStream", [{ scope: "s" }], { scope: "s" }],
    ["clear", [], { prefix: "" }],
    ["clear", [{ prefix: null }], { prefix: "" }],
  ] as const)("%s(...%j) are %j", (name, args, expected) => {
    expect(clientParams(name, args)).toEqual(expected);
  });

  it("are never an identity", () => {
    const claimed = { key: "k", value: 1, userId: "admin", isAdmin: true, action: "clear" };
    expect(clientParams("setSignal", [claimed])).toEqual({ key: "k", value: 1 });
    const polluted = JSON.parse('{"key":"k","__proto__":{"isAdmin":true}}') as object;
    const params = clientParams("getSignal", [polluted]);
    expect(params["isAdmin"]).toBeUndefined();
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  });

  it("are not taken from the prototype", () => {
    expect(clientParams("getSignal", [Object.create({ key: "inherited" })])).toEqual({ key: undefined });
  });

  it("exist for every action of the documentation", () => {
    expect(actionNames).toHaveLength(11);
  });
});
