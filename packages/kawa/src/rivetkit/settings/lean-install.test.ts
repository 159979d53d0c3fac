import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { leanInstall, leanInstallHint, needlessPackages } from "./lean-install.ts";

const empty = "npm:empty-npm-package@1.0.0";

describe("leanInstall", () => {
  it("is said in the words of npm", () => {
    const { file, lines } = leanInstall("npm");
    expect(file).toBe("package.json");
    expect(JSON.parse(`{${lines}}`)).toMatchObject({ overrides: { rivetkit: { "drizzle-orm": empty } } });
  });

  it.each(["yarn", "yarn-berry"] as const)("is said in the words of %s", (manager) => {
    const { file, lines } = leanInstall(manager);
    expect(file).toBe("package.json");
    expect(JSON.parse(`{${lines}}`)).toMatchObject({ resolutions: { "rivetkit/@rivet-dev/services": empty } });
  });

  it("is said in the words of pnpm", () => {
    const { file, lines } = leanInstall("pnpm");
    expect(file).toBe("pnpm-workspace.yaml");
    expect(lines).toMatch(/^overrides:\n(?: {2}"rivetkit>[^"]+": "-"(?:\n|$))+$/);
  });
});

describe("docs/install.md", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../../../../docs/install.md"), "utf8");

  it("has the lines for npm and for pnpm", () => {
    const [, json = ""] = /```json\n(.*?)```/s.exec(page) ?? [];
    expect(JSON.parse(json)).toEqual(JSON.parse(`{${leanInstall("npm").lines}}`));
    expect(page).toContain(leanInstall("pnpm").lines);
  });
});

describe("needlessPackages", () => {
  let place: ReturnType<typeof makeTempFolder>;
  beforeEach(() => (place = makeTempFolder()));
  afterEach(() => place.remove());

  type Dependencies = Readonly<Record<string, string>>;
  const install = (folder: string, name: string, dependencies: Dependencies = {}): void => {
    const path = join(place.path, folder, "package.json");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ name, dependencies, main: "index.js" }));
    writeFileSync(join(dirname(path), "index.js"), "");
  };
  const asPublished = { "@rivet-dev/services": "1", "drizzle-orm": "1", zod: "1" };

  it("are those that are installed for RivetKit, beside it or in it", () => {
    install("node_modules/rivetkit", "rivetkit", asPublished);
    install("node_modules/@rivet-dev/services", "@rivet-dev/services");
    install("node_modules/rivetkit/node_modules/drizzle-orm", "drizzle-orm");
    install("node_modules/zod", "zod");
    install("apps/web", "web");
    expect(needlessPackages(join(place.path, "apps/web"))).toEqual(["@rivet-dev/services", "drizzle-orm"]);
    writeFileSync(join(place.path, "pnpm-lock.yaml"), "");
    expect(leanInstallHint(join(place.path, "apps/web"))).toContain(leanInstall("pnpm").lines);
  });

  it("are none that have an empty package under their name", () => {
    install("node_modules/rivetkit", "rivetkit", asPublished);
    install("node_modules/@rivet-dev/services", "empty-npm-package");
    expect(needlessPackages(place.path)).toEqual([]);
  });

  it("are none that the app asks for, or that RivetKit does not", () => {
    install(".", "app", { "drizzle-orm": "1" });
    install("node_modules/rivetkit", "rivetkit", { "drizzle-orm": "1" });
    for (const name of ["drizzle-orm", "@rivet-dev/services"]) install(`node_modules/${name}`, name);
    expect(needlessPackages(place.path)).toEqual([]);
  });

  it("are none without RivetKit", () => {
    install("node_modules/drizzle-orm", "drizzle-orm");
    expect(needlessPackages(place.path)).toEqual([]);
    expect(leanInstallHint(place.path)).toBeUndefined();
  });
});
