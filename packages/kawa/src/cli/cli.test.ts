import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { demoFiles } from "../../../../scripts/demo-files.ts";
import { packStarter } from "../../../../scripts/pack-starter.ts";
import { makeTempFolder } from "../../test/support/temp-folder.ts";
import { findApp } from "./app.ts";
import { create } from "./create.ts";
import { doctor } from "./doctor.ts";
import { init } from "./init.ts";

const root = join(import.meta.dirname, "../../../..");

/** Who has ejected it has no demo. */
const hasDemo = existsSync(join(root, "scripts/eject-demo"));

const layout = `import type { ReactNode } from "react";
import "./globals.css";

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body className="plain">{children}</body>
    </html>
  );
}
`;
const config = `import type { NextConfig } from "next";

const nextConfig: NextConfig = {
  basePath: "/shop",
};

export default nextConfig;
`;
const tsconfig = `{
  // Comments are allowed here.
  "compilerOptions": { "paths": { "@/*": ["./*"] } },
}
`;

type Files = Readonly<Record<string, string>>;

function makeApp(files: Files): string {
  const { path: folder, remove } = makeTempFolder();
  onTestFinished(remove);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const plainApp: Files = { "app/layout.tsx": layout, "next.config.ts": config, "tsconfig.json": tsconfig };

function filesOf(folder: string): Record<string, string> {
  const files = globSync("**/*", { cwd: folder, withFileTypes: true, exclude: ({ name }) => name === "node_modules" })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

function terminal(answer?: boolean) {
  const said: string[] = [];
  const asked: string[] = [];
  return {
    said: () => said.join("\n"),
    asked,
    print: (text: string) => void said.push(text),
    ask:
      answer === undefined
        ? undefined
        : async (question: string) => {
            asked.push(question);
            return answer;
          },
  };
}

describe("findApp", () => {
  it.each([
    [
      "an app with src/, JavaScript and pnpm",
      { "src/app/layout.jsx": layout, "pnpm-lock.yaml": "" },
      { source: "src/", isTypeScript: false, packageManager: "pnpm", layout: "src/app/layout.jsx" },
    ],
    [
      "a proxy",
      { ...plainApp, "proxy.ts": "" },
      { source: "", isTypeScript: true, alias: "@/", basePath: "/shop", middleware: "proxy.ts" },
    ],
    [
      "a middleware in src/",
      { "src/app/layout.tsx": layout, "src/middleware.ts": "" },
      { middleware: "src/middleware.ts" },
    ],
  ])("finds %s", (_, files, expected) => {
    expect(findApp(makeApp(files))).toMatchObject(expected);
  });

  it("finds no app where there is no app folder", () => {
    expect(findApp(makeApp({ "pages/index.tsx": "" }))).toBeUndefined();
  });
});

describe("kawa init", () => {
  it("shows what it will write, writes it, changes nothing the second time, and takes it back", async () => {
    const folder = makeApp(plainApp);
    const before = filesOf(folder);
    const shown = terminal(true);
    expect(await init(folder, {}, shown)).toBe(0);
    expect(shown.asked).toHaveLength(1);
    expect(shown.said()).toContain('+import { LiveUpdates } from "kawa/next";');
    expect(shown.said()).toContain('-      <body className="plain">{children}</body>');
    const after = filesOf(folder);
    expect(after["app/layout.tsx"]).toContain('<body className="plain"><LiveUpdates>{children}</LiveUpdates></body>');
    expect(after["app/layout.tsx"]).toContain('import "./globals.css";\nimport { LiveUpdates } from "kawa/next";\n');
    expect(after["next.config.ts"]).toContain("export default withKawa(nextConfig);");
    expect(after["app/api/reactive/route.ts"]).toContain('from "@/lib/signals"');
    expect(Object.keys(after)).toContain("lib/signals.ts");

    const again = terminal(true);
    expect(await init(folder, {}, again)).toBe(0);
    expect(again.asked).toEqual([]);
    expect(filesOf(folder)).toEqual(after);

    expect(await init(folder, { isUndo: true, isSure: true }, terminal())).toBe(0);
    expect(filesOf(folder)).toEqual(before);
    expect(existsSync(join(folder, "app/api"))).toBe(false);
  });

  it.each([
    ["nobody can be asked", undefined],
    ["the answer is no", false],
  ])("writes nothing where %s", async (_, answer) => {
    const folder = makeApp(plainApp);
    const before = filesOf(folder);
    expect(await init(folder, {}, terminal(answer))).toBe(1);
    expect(filesOf(folder)).toEqual(before);
  });

  it.each([
    ["no configuration", undefined, "export default withKawa();"],
    [
      "a CommonJS configuration",
      { "next.config.js": "/** @type {object} */\nconst nextConfig = {};\n\nmodule.exports = nextConfig;\n" },
      "module.exports = withKawa(nextConfig);",
    ],
    [
      "a function of its own",
      { "next.config.mjs": "export default async (phase) => ({ env: { phase } });\n" },
      "withKawa(async (phase) => ({ env: { phase } }))",
    ],
    [
      "another plugin",
      { "next.config.mjs": 'import mdx from "mdx";\n\nexport default mdx()({ output: "standalone" });\n' },
      'withKawa(mdx()({ output: "standalone" }))',
    ],
  ])("wraps and unwraps %s", async (_, files, expected) => {
    const folder = makeApp({ "src/app/layout.jsx": layout, ...files });
    const before = filesOf(folder);
    expect(await init(folder, { isSure: true }, terminal())).toBe(0);
    expect(Object.values(filesOf(folder)).join("\n")).toContain(expected);
    expect(await init(folder, { isUndo: true, isSure: true }, terminal())).toBe(0);
    expect(filesOf(folder)).toEqual(before);
  });

  it.each([
    [
      "a layout that shows its pages in another way",
      { "app/layout.tsx": "export default (props) => props.children;" },
      "<LiveUpdates>{children}</LiveUpdates>",
    ],
    ["a layout of the browser", { "app/layout.tsx": `"use client";\n${layout}` }, "it is a client component"],
    ["a layout that cannot be read", { "app/layout.tsx": "export default function (" }, "it cannot be read"],
    [
      "a configuration that is declared where it is exported",
      { "next.config.mjs": "export default function config() { return {}; }" },
      "export default withKawa(nextConfig);",
    ],
    [
      "another route in the place of ours",
      { "app/api/reactive/route.ts": "export const GET = () => new Response();" },
      "another route is there",
    ],
  ])("leaves %s to its author, and says what to write", async (_, files, expected) => {
    const folder = makeApp({
      ...plainApp,
      ...("next.config.mjs" in files ? { "next.config.ts": "export default {}" } : {}),
      ...files,
    });
    if ("next.config.mjs" in files) execFileSync("rm", [join(folder, "next.config.ts")]);
    const said = terminal();
    expect(await init(folder, { isSure: true }, said)).toBe(1);
    expect(said.said()).toContain(expected);
    expect(filesOf(folder)).toMatchObject(files);
  });

  it("undoes nothing that was changed since", async () => {
    const folder = makeApp(plainApp);
    await init(folder, { isSure: true }, terminal());
    const signals = `${filesOf(folder)["lib/signals.ts"]}export const other = app.signal("other", 1);\n`;
    writeFileSync(join(folder, "lib/signals.ts"), signals);
    await init(folder, { isUndo: true, isSure: true }, terminal());
    expect(filesOf(folder)["lib/signals.ts"]).toBe(signals);
  });
});

describe("kawa doctor", () => {
  it("names each missing line, and fails", async () => {
    const said = terminal();
    expect(await doctor(makeApp(plainApp), {}, said)).toBe(1);
    expect(said.said()).toContain("next.config.ts lacks");
    expect(said.said()).toContain("export default withKawa(nextConfig);");
    expect(said.said()).toContain("app/api/reactive/route.ts lacks");
    expect(said.said()).toMatch(/things are wrong\.$/);
  });

  it("has nothing to say against an app that kawa init has wired", async () => {
    const folder = makeApp(plainApp);
    await init(folder, { isSure: true }, terminal());
    const said = terminal();
    expect([await doctor(folder, {}, said), said.said()]).toEqual([0, expect.stringContaining("Nothing is wrong.")]);
    expect(said.said()).toContain("the default actor, which has no hooks");
  });

  it.each([
    [
      "a middleware at the edge",
      { "middleware.ts": 'export { withRenderId as middleware } from "kawa/next/middleware";' },
      "RUNTIME_UNSUPPORTED",
    ],
    [
      "a proxy that names a runtime",
      { "proxy.ts": 'import "kawa/next/middleware"; export const config = { runtime: "nodejs" };' },
      "which Next refuses",
    ],
    [
      "a route without signals",
      {
        "app/api/reactive/route.ts": "export const { POST } = createReactiveRoute();",
        "lib/signals.ts": 'export const counter = app.signal("counter", 0, { expose: "read" });',
      },
      "NOT_EXPOSED",
    ],
    [
      "two backends",
      { "a.ts": "initReactiveBackend({ registry });", "b.ts": "initReactiveBackend({ registry });" },
      "Several modules",
    ],
  ])("finds %s", async (_, files, expected) => {
    const folder = makeApp(plainApp);
    await init(folder, { isSure: true }, terminal());
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    const said = terminal();
    expect(await doctor(folder, {}, said)).toBe(1);
    expect(said.said()).toContain(expected);
  });

  it.each([
    ["/((?!_next|favicon.ico).*)", true],
    ["/((?!api|_next).*)", false],
    ["/((?!_next|api/reactive).*)", false],
  ])("hints at a middleware that redirects, and its matcher %s", async (matcher, isTold) => {
    const middleware = `const go = () => NextResponse.redirect("/login"); export const config = { matcher: ["${matcher}"] };`;
    const folder = makeApp({ ...plainApp, "middleware.ts": middleware });
    await init(folder, { isSure: true }, terminal());
    const said = terminal();
    expect(await doctor(folder, {}, said)).toBe(0);
    expect(said.said().includes("may lead the stream away")).toBe(isTold);
  });

  it("says of a shared engine that a secret is missing, and never shows one", async () => {
    const folder = makeApp({ ...plainApp, ".env": "RIVET_ENDPOINT=http://engine.test\nKAWA_SECRET=my-short-secret\n" });
    onTestFinished(() => {
      delete process.env["RIVET_ENDPOINT"];
      delete process.env["KAWA_SECRET"];
    });
    await init(folder, { isSure: true }, terminal());
    const said = terminal();
    await doctor(folder, {}, said);
    expect(said.said()).toContain("shorter than 32 characters");
    expect(said.said()).not.toContain("my-short-secret");
    process.env["KAWA_SECRET"] = "";
    const missing = terminal();
    expect(await doctor(folder, {}, missing)).toBe(1);
    expect(missing.said()).toContain("SECRET_MISSING");
  });

  it("says that a middleware of the running app redirects the stream to its login", async () => {
    const folder = makeApp(plainApp);
    await init(folder, { isSure: true }, terminal());
    const server = createServer((request, response) => {
      if (request.url === "/api/reactive") response.writeHead(307, { location: "/login" }).end();
      else response.setHeader("content-type", "text/html").end(String.raw`\"src\":\"/api/reactive\",\"refresh\":`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const said = terminal();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await doctor(folder, { url }, said)).toBe(1);
    expect(said.said()).toContain("/api/reactive leads to /login: a middleware redirects the stream");
  });

  it("says that the running app does not answer", async () => {
    const folder = makeApp(plainApp);
    await init(folder, { isSure: true }, terminal());
    const said = terminal();
    expect(await doctor(folder, { url: "http://127.0.0.1:9" }, said)).toBe(1);
    expect(said.said()).toContain("does not answer");
  });
});

describe("kawa create", () => {
  it("makes an app of its own name, without lab and benchmarks, with a first commit", () => {
    const { path, remove } = makeTempFolder();
    onTestFinished(remove);
    const starter = join(path, "starter");
    packStarter(starter);
    const folder = join(path, "my-app");
    const said = terminal();
    expect([create(folder, { starter, kawa: "npm:@example/kawa@1.0.0", install: false }, said), said.said()]).toEqual([
      0,
      expect.stringContaining("npm run dev"),
    ]);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
      string,
      Record<string, string>
    >;
    expect(manifest).toMatchObject({ name: "my-app", dependencies: { kawa: "npm:@example/kawa@1.0.0" } });
    expect(readdirSync(folder)).not.toEqual(expect.arrayContaining(["e2e"]));
    for (const left of ["e2e", "bench", "packages", "scripts", "gitignore"])
      expect(existsSync(join(folder, left))).toBe(false);
    const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" });
    expect(git("log", "--oneline").trim().split("\n")).toHaveLength(1);
    expect(git("status", "--porcelain")).toBe("");
    expect(existsSync(join(folder, "app/_components"))).toBe(hasDemo);
  });

  it.skipIf(!hasDemo)("leaves out the demo where it is asked to", () => {
    const { path, remove } = makeTempFolder();
    onTestFinished(remove);
    const starter = join(path, "starter");
    packStarter(starter);
    const folder = join(path, "my-app");
    expect(create(folder, { starter, kawa: "npm:x", install: false, isEmpty: true }, terminal())).toBe(0);
    for (const left of demoFiles.filter((file) => !/^app\/(?:page\.tsx|actions\.ts)$/.test(file)))
      expect(existsSync(join(folder, left))).toBe(false);
    const files = filesOf(folder);
    expect(files["app/page.tsx"]).toContain("read(counter)");
    expect(
      Object.entries(files).filter(([file, text]) => !file.startsWith(".git/") && /board|demo/i.test(text)),
    ).toEqual([]);
  });

  it.each([
    ["a folder that is not empty", "full", { kawa: "x" }, "is not empty"],
    ["a name that is none", "My App", { kawa: "x" }, "is no name"],
    ["an origin that nobody has named", "fine", {}, "--kawa"],
  ])("refuses %s", (_, name, options, expected) => {
    const { path, remove } = makeTempFolder();
    onTestFinished(remove);
    mkdirSync(join(path, "full/inside"), { recursive: true });
    const said = terminal();
    expect(create(join(path, name), { ...options, starter: path, install: false }, said)).toBe(1);
    expect(said.said()).toContain(expected);
  });
});
