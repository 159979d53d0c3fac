import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../../..");

describe("npm run release", () => {
  const clone = mkdtempSync(join(tmpdir(), "kawa-release-"));
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: clone, encoding: "utf8" }).trim();
  const read = (path: string): string => readFileSync(join(clone, path), "utf8");

  function release(...args: string[]): { output: string; hasSucceeded: boolean } {
    try {
      const output = execFileSync(process.execPath, ["scripts/release.ts", ...args], {
        cwd: clone,
        encoding: "utf8",
        stdio: "pipe",
      });
      return { output, hasSucceeded: true };
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return { output: stdout + stderr, hasSucceeded: false };
    }
  }

  beforeAll(() => {
    cpSync(root, clone, {
      recursive: true,
      filter: (from) =>
        !/\/(\.git|\.next|\.rivet|bench|dist|e2e|node_modules|test-results)(\/|$)/.test(from.slice(root.length)),
    });
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    // Its tests are quick.
    const manifest = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    manifest.scripts["test"] = "test ! -e failing";
    writeFileSync(join(clone, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(clone, ".gitignore"), "node_modules\ndist\n");
    writeFileSync(
      join(clone, "CHANGELOG.md"),
      "# Changelog\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- Begun.\n",
    );
    const packageManifest = JSON.parse(read("packages/kawa/package.json")) as { version: string };
    writeFileSync(
      join(clone, "packages/kawa/package.json"),
      `${JSON.stringify({ ...packageManifest, version: "0.1.0" }, null, 2)}\n`,
    );
    git("init", "--quiet", "--initial-branch", "main");
    for (const [key, value] of [
      ["user.name", "Releaser"],
      ["user.email", "releaser@example.com"],
      ["commit.gpgsign", "false"],
      ["tag.gpgsign", "false"],
    ] as const)
      git("config", key, value);
    git("add", "--all");
    git("commit", "--quiet", "--message", "feat: a thing");
  });

  afterAll(() => rmSync(clone, { recursive: true, force: true }));

  it("says how it is used", () => {
    for (const args of [[], ["huge"], ["minor", "--quick"]])
      expect(release(...args)).toEqual({ output: expect.stringContaining("Usage"), hasSucceeded: false });
  });

  it("shows in a dry run what it would do, and leaves all as it is", () => {
    const head = git("rev-parse", "HEAD");
    const { output, hasSucceeded } = release("minor", "--dry-run");
    expect({ output, hasSucceeded }).toMatchObject({ hasSucceeded: true });
    expect(output).toContain("## 0.2.0 - 20");
    expect(output).toContain('+  "version": "0.2.0"');
    expect(output).toContain("0.2.0.tgz is packed");
    expect([git("status", "--porcelain"), git("rev-parse", "HEAD"), git("tag")]).toEqual(["", head, ""]);
  });

  it("refuses a version that promises more than the changes keep", () => {
    expect(release("patch").output).toContain("0.1.1 may not have");
    expect(git("tag")).toBe("");
  });

  it("refuses a tree with changes, and a commit whose tests fail", () => {
    writeFileSync(join(clone, "failing"), "");
    expect(release("minor")).toEqual({ output: expect.stringContaining("?? failing"), hasSucceeded: false });
    git("add", "--all");
    git("commit", "--quiet", "--message", "fix: fail");
    expect(release("minor").hasSucceeded).toBe(false);
    expect([git("status", "--porcelain"), git("tag")]).toEqual(["", ""]);
    git("reset", "--quiet", "--hard", "HEAD^");
  });

  it("makes a commit and a tag with the changes, and a tarball of that version", () => {
    const { output, hasSucceeded } = release("minor");
    expect({ output, hasSucceeded }).toMatchObject({ hasSucceeded: true });
    const tarball = /packed as (\S+)\. /.exec(output)![1]!;
    expect(existsSync(join(clone, tarball))).toBe(true);
    expect(output).toContain(`npm publish ${tarball} --provenance --access public`);
    expect(output).toContain("git push --atomic origin HEAD v0.2.0");
    expect(git("log", "-1", "--format=%s")).toBe("chore: release 0.2.0");
    expect(git("tag", "--points-at", "HEAD")).toBe("v0.2.0");
    expect(git("tag", "--list", "v0.2.0", "--format=%(contents)")).toBe("v0.2.0\n\n### Added\n\n- A thing.");
    expect(git("status", "--porcelain")).toBe("");
    const today = new Date().toISOString().slice(0, 10);
    expect(read("CHANGELOG.md")).toBe(
      `# Changelog\n\n## Unreleased\n\n## 0.2.0 - ${today}\n\n### Added\n\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- Begun.\n`,
    );
    const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, { version: string }> };
    expect(lock.packages["packages/kawa"]!.version).toBe("0.2.0");
    const packed = execFileSync("tar", ["-xOf", join(clone, tarball), "package/package.json"], { encoding: "utf8" });
    expect(JSON.parse(packed)).toMatchObject({ version: "0.2.0" });
  });

  it("has nothing to do twice", () => {
    expect(release("minor")).toEqual({ output: expect.stringContaining("nothing to release"), hasSucceeded: false });
  });
});
