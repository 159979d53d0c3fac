import { chmodSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { engineBinary, engineVersions } from "./binary.ts";

const platformPackage = "@rivetkit/engine-cli-kawa-test";

vi.mock("@rivetkit/engine-cli", () => ({
  getEnginePath: () => {
    throw new Error("not beside RivetKit");
  },
  getPlatformPackageName: () => platformPackage,
}));

let place: ReturnType<typeof makeTempFolder>;

beforeEach(() => {
  place = makeTempFolder();
  vi.spyOn(process, "cwd").mockReturnValue(place.path);
  vi.stubEnv("RIVET_ENGINE_BINARY", undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  place.remove();
});

function installInApp(): string {
  const folder = join(place.path, "node_modules", platformPackage);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  const path = join(folder, process.platform === "win32" ? "rivet-engine.exe" : "rivet-engine");
  writeFileSync(path, "");
  chmodSync(path, 0o755);
  return realpathSync(path);
}

describe("engineBinary", () => {
  it("finds the engine that the app has installed itself", () => {
    const path = installInApp();
    expect(engineBinary()).toBe(path);
  });

  it.each([
    ["package-lock.json", `Run "npm install --include=optional ${platformPackage}"`],
    ["pnpm-lock.yaml", `Run "pnpm add ${platformPackage}@${engineVersions}"`],
    ["yarn.lock", `Run "yarn add ${platformPackage}@${engineVersions}"`],
  ])("says how to install it in an app with %s", (lockFile, command) => {
    writeFileSync(join(place.path, lockFile), "");
    expect(() => engineBinary()).toThrow(expect.objectContaining({ code: "ENGINE_BINARY_MISSING" }));
    expect(() => engineBinary()).toThrow(command);
  });
});

it("names the versions that Kawa depends on", () => {
  const manifest = readFileSync(join(import.meta.dirname, "../../../package.json"), "utf8");
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> };
  expect(engineVersions).toBe(dependencies["@rivetkit/engine-cli"]);
});
