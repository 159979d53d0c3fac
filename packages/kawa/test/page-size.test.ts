import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");

it("what a page loads is documented as it is limited", async () => {
  const limits = (await import(join(root, ".size-limit.mjs"))) as { default: { name: string; limit: string }[] };
  const limitOf = (name: string): string => limits.default.find((entry) => entry.name.includes(name))!.limit;
  const guarantees = readFileSync(join(root, "docs/guarantees.md"), "utf8");
  expect(guarantees).toContain(`at most ${limitOf("what each page loads")}, and ${limitOf("the shared worker")}`);
  expect(guarantees).toContain(`${limitOf("instrumentation-client")} for \`kawa/next/instrumentation-client\``);
  expect(guarantees).toContain(`at most ${limitOf("kawa in client components")} more`);
});
