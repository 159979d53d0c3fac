import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One line of a Dockerfile, its continuations joined. */
export type Instruction = {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly text: string;
};

/** The block of `docs/deploying.md` that begins with a comment that names the file. */
export function fileInDocs(name: string): string {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/deploying.md"), "utf8");
  const block = [...docs.matchAll(/^```\w+\n(.*?)^```$/gms)].find(([, text]) => text!.startsWith(`# ${name}\n`));
  if (!block) throw new Error(`docs/deploying.md has no block that begins with "# ${name}".`);
  return block[1]!;
}

export function parseDockerfile(text: string): Instruction[] {
  return text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name, flags, rest] = /^(\w+)\s+((?:--\S+\s+)*)(.*)$/.exec(line)!;
      const pairs = [...flags!.matchAll(/--([^=\s]+)=(\S+)/g)].map(([, flag, value]) => [flag!, value!]);
      return {
        name: name!.toUpperCase(),
        flags: Object.fromEntries(pairs) as Record<string, string>,
        text: rest!.trim(),
      };
    });
}
