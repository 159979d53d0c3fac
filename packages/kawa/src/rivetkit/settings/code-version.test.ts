import { afterEach, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { codeVersion } from "./code-version.ts";

afterEach(() => vi.unstubAllEnvs());

it("is what the registry says, else the environment, else the build, else 1", () => {
  vi.stubEnv("KAWA_BUILD", "30");
  vi.stubEnv("RIVET_ENVOY_VERSION", "20");
  expect(codeVersion(10)).toBe(10);
  expect(codeVersion(undefined)).toBe(20);
  vi.stubEnv("RIVET_ENVOY_VERSION", "");
  expect(codeVersion(undefined)).toBe(30);
  vi.stubEnv("KAWA_BUILD", undefined);
  expect(codeVersion(undefined)).toBe(1);
});

it.each(["0", "-1", "1.5", "v2", "4294967296"])("refuses %j", async (version) => {
  vi.stubEnv("RIVET_ENVOY_VERSION", version);
  expect(await codeOf(() => codeVersion(undefined))).toBe("OPTION_INVALID");
});
