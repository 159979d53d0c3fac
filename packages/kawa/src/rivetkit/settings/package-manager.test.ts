import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { addCommand, packageManagerOf } from "./package-manager.ts";

let place: ReturnType<typeof makeTempFolder>;
beforeEach(() => (place = makeTempFolder()));
afterEach(() => place.remove());

const write = (name: string, text = ""): void => writeFileSync(join(place.path, name), text);

describe("packageManagerOf", () => {
  it.each([
    ["package-lock.json", "", "npm"],
    ["pnpm-lock.yaml", "", "pnpm"],
    ["bun.lock", "", "bun"],
    ["yarn.lock", "# yarn lockfile v1\n", "yarn"],
    ["yarn.lock", "# This file is generated\n\n__metadata:\n  version: 8\n", "yarn-berry"],
  ])("knows %s with %j", (name, text, manager) => {
    write(name, text);
    expect(packageManagerOf(place.path)).toBe(manager);
  });

  it("finds the lock file of a workspace", () => {
    write("pnpm-lock.yaml");
    const app = join(place.path, "apps/web");
    mkdirSync(app, { recursive: true });
    expect(packageManagerOf(app)).toBe("pnpm");
  });

  it("is npm without a lock file", () => {
    expect(packageManagerOf(place.path)).toBe("npm");
  });
});

describe("addCommand", () => {
  it("is in the words of the package manager", () => {
    expect(addCommand("npm", "next", "react")).toBe("npm install next react");
    expect(addCommand("pnpm", "next")).toBe("pnpm add next");
    expect(addCommand("yarn-berry", "next")).toBe("yarn add next");
  });
});
