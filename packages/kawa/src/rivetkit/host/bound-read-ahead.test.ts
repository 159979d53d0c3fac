import { afterEach, expect, it, vi } from "vitest";
import { boundReadAhead } from "./bound-read-ahead.ts";

const name = "RIVETKIT_SQLITE_OPT_READ_AHEAD_MODE";

afterEach(() => void vi.unstubAllEnvs());

it.each([undefined, ""])("bounds how far databases read ahead where %j is set", (given) => {
  vi.stubEnv(name, given);
  boundReadAhead();
  expect(process.env[name]).toBe("bounded");
});

it("leaves the mode that the user has set", () => {
  vi.stubEnv(name, "adaptive");
  boundReadAhead();
  expect(process.env[name]).toBe("adaptive");
});
