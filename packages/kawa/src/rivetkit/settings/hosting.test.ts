import { afterEach, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { hostingOf } from "./hosting.ts";

afterEach(() => vi.unstubAllEnvs());

it.each<[option: string | undefined, env: Record<string, string>, expected: string]>([
  [undefined, {}, "runner"],
  [undefined, { VERCEL: "1" }, "serverless"],
  [undefined, { AWS_LAMBDA_FUNCTION_NAME: "page" }, "serverless"],
  [undefined, { KAWA_HOSTING: "none", VERCEL: "1" }, "none"],
  ["runner", { KAWA_HOSTING: "none", VERCEL: "1" }, "runner"],
  [undefined, { KAWA_HOSTING: "" }, "runner"],
])("with the option %s and the environment %j the actors live as %s says", (option, given, expected) => {
  for (const name of ["VERCEL", "AWS_LAMBDA_FUNCTION_NAME", "KAWA_HOSTING"]) vi.stubEnv(name, given[name]);
  expect(hostingOf(option as "runner")).toBe(expected);
});

it.each(["Runner", "worker", "all"])("refuses %s", async (given) => {
  vi.stubEnv("KAWA_HOSTING", given);
  expect(await codeOf(() => hostingOf(undefined))).toBe("OPTION_INVALID");
  expect(await codeOf(() => hostingOf(given as "runner"))).toBe("OPTION_INVALID");
});
