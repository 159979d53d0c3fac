import { chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type SpawnedProcess, spawnProcess } from "../../e2e/support/process.ts";

export type Machine = {
  /** Stands for `/`. */
  readonly root: string;
  /** User and group that services with `DynamicUser` run as, where this process may choose. */
  readonly uid: number | undefined;
  /** Programs that the machine would have, in the place of those that a unit names. */
  readonly programs: Readonly<Record<string, string>>;
};

/** Starts a service as systemd does, as far as a folder can stand for a machine: its environment, user, folders and command. */
export function startUnit(
  path: string,
  { root, uid, programs }: Machine,
  more: Readonly<Record<string, string>>,
): SpawnedProcess {
  const unit = readFileSync(path, "utf8");
  const all = (name: string): string[] =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!);
  const here = (text: string): string => text.replaceAll(/(?<![\w.])\/(?=opt\/|etc\/|var\/)/g, `${root}/`);
  const settings = all("Environment").flatMap((line) => line.split(" "));
  const files = all("EnvironmentFile").flatMap((file) => readFileSync(here(file), "utf8").split("\n"));
  const env = Object.fromEntries(
    [...settings, ...files.filter((line) => line && !line.startsWith("#"))].map((setting) => {
      const at = setting.indexOf("=");
      return [setting.slice(0, at), here(setting.slice(at + 1))];
    }),
  );
  for (const name of all("StateDirectory")) {
    const folder = join(root, "var/lib", name);
    mkdirSync(join(folder, ".."), { recursive: true });
    mkdirSync(folder, { recursive: true, mode: Number.parseInt(all("StateDirectoryMode")[0] ?? "755", 8) });
    if (uid !== undefined) chownSync(folder, uid, uid);
  }
  const [program = "", ...args] = here(all("ExecStart")[0] ?? "").split(" ");
  const cwd = all("WorkingDirectory")[0];
  const command = programs[program] ?? program;
  const asUser = uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const [first, ...rest] = [...asUser, command, ...args];
  return spawnProcess(first!, rest, { ...(cwd ? { cwd: here(cwd) } : {}), env: { ...env, ...more } });
}
