import { afterEach, expect, it, vi } from "vitest";
import { env } from "./env.ts";

afterEach(() => vi.unstubAllEnvs());

it.each(["a secret of the test", " a secret of the test ", "a secret of the test\n"])("takes the secret %j for the same one when it was replaced", (secret) => {
  vi.stubEnv("KAWA_SECRET", secret);
  vi.stubEnv("KAWA_SECRET_PREVIOUS", secret);
  expect(env.previousSecrets).toEqual([env.secret]);
});

it.each(["", " ", "\n"])("takes %j for no secret", (secret) => {
  vi.stubEnv("KAWA_SECRET", secret);
  vi.stubEnv("KAWA_SECRET_PREVIOUS", `${secret},${secret}`);
  expect([env.secret, env.previousSecrets]).toEqual([undefined, []]);
});
