import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { env } from "./env.ts";

afterEach(() => vi.unstubAllEnvs());

it.each(["a secret of the test", " a secret of the test ", "a secret of the test\n"])(
  "takes the secret %j for the same one when it was replaced",
  (secret) => {
    vi.stubEnv("KAWA_SECRET", secret);
    vi.stubEnv("KAWA_SECRET_PREVIOUS", secret);
    expect(env.previousSecrets).toEqual([env.secret]);
  },
);

it.each(["", " ", "\n"])("takes %j for no secret", (secret) => {
  vi.stubEnv("KAWA_SECRET", secret);
  vi.stubEnv("KAWA_SECRET_PREVIOUS", `${secret},${secret}`);
  expect([env.secret, env.previousSecrets]).toEqual([undefined, []]);
});

describe("the folder of the embedded engine", () => {
  /** Makes the folders of an app and of what `next build` has made of it, and reads a path of them for a server that works in `cwd`. */
  const readIn = (cwd: string, read: () => string | undefined, appDir = "apps/web"): string | undefined => {
    const root = mkdtempSync(join(tmpdir(), "kawa-env-"));
    const build = join(root, "apps/web/.next");
    mkdirSync(join(build, "standalone/apps/web"), { recursive: true });
    writeFileSync(join(build, "required-server-files.json"), JSON.stringify({ appDir: join(root, appDir) }));
    const spy = vi.spyOn(process, "cwd").mockReturnValue(join(root, cwd));
    try {
      return read()?.replace(root, "");
    } finally {
      spy.mockRestore();
      rmSync(root, { recursive: true });
    }
  };
  const dataDirIn = (cwd: string, appDir?: string): string | undefined => readIn(cwd, () => env.dataDir, appDir);

  it("is in the folder of the app", () => {
    expect(dataDirIn("apps/web")).toBe(join("/apps/web/.rivet"));
  });

  it.each(["apps/web/.next/standalone", "apps/web/.next/standalone/apps/web"])(
    "is none that the next build deletes: %s",
    (cwd) => {
      expect(dataDirIn(cwd)).toBe(join("/apps/web/.rivet"));
    },
  );

  it("is where the server works when it was moved out of the build, or the build was", () => {
    expect(dataDirIn("elsewhere/standalone")).toBe(join("/elsewhere/standalone/.rivet"));
    expect(dataDirIn("apps/web/.next/standalone", "another/place")).toBe(join("/apps/web/.next/standalone/.rivet"));
  });

  it.each<[string, string, string | undefined, string, string | undefined]>([
    ["a standalone server elsewhere", "elsewhere/app", "{}", "", join("/elsewhere/app/.rivet")],
    ["the same with a folder of its own choice", "elsewhere/app", "{}", "/var/kawa", undefined],
    ["one where it was built", "apps/web/.next/standalone/apps/web", "{}", "", undefined],
    ["a server of next start", "apps/web", undefined, "", undefined],
  ])("is a part of what was deployed for %s, or not", (_, cwd, config, dataDir, expected) => {
    vi.stubEnv("__NEXT_PRIVATE_STANDALONE_CONFIG", config);
    vi.stubEnv("KAWA_DATA_DIR", dataDir);
    expect(readIn(cwd, () => env.deployedDataDir)).toBe(expected);
  });

  it("is what KAWA_DATA_DIR says, wherever the server works", () => {
    vi.stubEnv("KAWA_DATA_DIR", "/var/kawa");
    expect(dataDirIn("apps/web/.next/standalone")).toBe("/var/kawa");
  });
});
