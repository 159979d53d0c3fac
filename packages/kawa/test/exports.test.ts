import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

type Target = string | { readonly [condition: string]: Target };
const targets = (JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as { exports: Record<string, Target> })
  .exports;

/** Names of an entry's exports that exist at run time. */
async function namesOf(entry: string, condition = "default"): Promise<string[]> {
  let file = targets[entry]!;
  while (typeof file !== "string") file = file[condition] ?? file["default"]!;
  return Object.keys((await import(resolve(root, file))) as object).sort();
}

describe("the package's entries", () => {
  it("export exactly these names", async () => {
    const names = await Promise.all(
      Object.keys(targets).map(async (entry) => [entry.replace(".", "kawa"), await namesOf(entry)]),
    );
    expect(Object.fromEntries(names)).toMatchSnapshot();
  });

  it("export the same names from kawa to server and client components", async () => {
    const names = await namesOf(".", "react-server");
    expect(await namesOf(".", "default")).toEqual(names);
    expect(await namesOf(".", "browser")).toEqual(names);
  });

  it("show editors the same names as they export", async () => {
    const names = Object.keys((await import(resolve(root, "src/index.types.ts"))) as object).sort();
    expect(names).toEqual(await namesOf("."));
  });

  it("export the same names from kawa/query to server and client components", async () => {
    expect(await namesOf("./query", "react-server")).toEqual(await namesOf("./query", "default"));
  });

  it("have no default export", async () => {
    for (const entry of Object.keys(targets)) expect(await namesOf(entry)).not.toContain("default");
  });
});
