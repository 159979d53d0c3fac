import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { leftOutService } from "../src/rivetkit/engine/settings.ts";
import { engineQueue, engineTuning } from "../src/rivetkit/engine/tuning.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

function settingsIn(path: string): Record<string, string> {
  const lines = read(path)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** The block of a page that begins with a comment which names its file. */
function blockIn(page: string, name: string): string | undefined {
  return new RegExp(`\`\`\`\\w+\\n(# ${name}\\n[^]*?)\`\`\``).exec(read(page))?.[1];
}

describe("deploy/engine", () => {
  it("gives an engine of one's own the settings of the embedded one", () => {
    expect(settingsIn("deploy/engine/kawa.env")).toEqual(engineTuning);
    expect(settingsIn("deploy/engine/alone.env")).toEqual(engineQueue);
  });

  it("starts the same services, and lets settings of the environment win", () => {
    const env = {
      PATH: process.env["PATH"]!,
      RIVET__GUARD__TCP_NODELAY: "mine",
      RIVET__FILE_SYSTEM__PATH: "/nowhere",
    };
    const run = (...args: string[]): string =>
      execFileSync(
        "sh",
        ["-c", `RIVET_ENGINE_BINARY=$PWD/engine "$0" "$@"`, join(root, "deploy/engine/start"), ...args],
        {
          cwd: join(import.meta.dirname, "support/engine-echo"),
          env: env as unknown as NodeJS.ProcessEnv,
          encoding: "utf8",
        },
      );
    const alone = run();
    expect(alone).toContain(`args start --except-services ${leftOutService}\n`);
    expect(alone).toContain("RIVET__GUARD__TCP_NODELAY=mine\n");
    expect(alone).toContain("RIVET__MEMORY__CHANNEL=default\n");
    const node = run("nats.json");
    expect(node).toContain(`args --config nats.json start --except-services ${leftOutService}\n`);
    expect(node).not.toContain("RIVET__MEMORY__");
  });

  it("ends an engine that has given up a part of its work", () => {
    const env = {
      PATH: process.env["PATH"]!,
      RIVET__FILE_SYSTEM__PATH: "/nowhere",
      HANG_AFTER: "unhandled workflow error",
    };
    const script = `RIVET_ENGINE_BINARY=$PWD/engine exec "$0"`;
    const { signal, stdout } = spawnSync("sh", ["-c", script, join(root, "deploy/engine/start")], {
      cwd: join(import.meta.dirname, "support/engine-echo"),
      env: env as unknown as NodeJS.ProcessEnv,
      encoding: "utf8",
      timeout: 10_000,
    });
    expect(signal).toBe("SIGKILL");
    expect(stdout).toContain("unhandled workflow error");
  });

  it("has the version of the engine that RivetKit brings along", () => {
    const { version } = JSON.parse(read("node_modules/@rivetkit/engine-cli/package.json")) as { version: string };
    expect(read("deploy/engine/Dockerfile")).toContain(`@rivetkit/engine-cli@${version}\n`);
  });
});

describe("deploy/compose*.yaml", () => {
  it.each(["compose.yaml", "compose.two-nodes.yaml"])(
    "names in %s only files that are there, and variables of Kawa",
    (name) => {
      const text = read(`deploy/${name}`);
      const folders = [...text.matchAll(/(?:build|context): (\S+)$/gm)].map(([, path]) => join("deploy", path!));
      const files = [...text.matchAll(/dockerfile: (\S+)$/gm)].map(([, path]) => path!);
      // Where the image of the engine has them.
      const inImage = [...text.matchAll(/"\/engine\/(\S+?)"/g)].map(([, path]) => `deploy/engine/${path}`);
      const missing = [...folders, ...files, ...inImage].filter((path) => !existsSync(join(root, path)));
      expect(missing).toEqual([]);
      const settings = [...text.matchAll(/^ {6}((?:KAWA|RIVET)_[A-Z]\w*): /gm)].map(([, setting]) => setting!);
      const docs = read("docs/deploying.md");
      expect(settings.filter((setting) => !docs.includes(`\`${setting}\``))).toEqual([]);
    },
  );
});

it("deploy/Dockerfile is the one of the docs", () => {
  expect(blockIn("docs/deploying.md", "Dockerfile")).toBe(read("deploy/Dockerfile"));
});

it("the settings that docs/errors/ENGINE_UNTUNED.md tells are those of deploy/engine/kawa.env", () => {
  const told = Object.fromEntries(
    [...read("docs/errors/ENGINE_UNTUNED.md").matchAll(/^(RIVET__\w+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  );
  expect(Object.keys(told).length).toBeGreaterThan(5);
  expect(engineTuning).toMatchObject(told);
});
