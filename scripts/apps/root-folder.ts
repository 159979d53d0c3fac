import { chmodSync, cpSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The user of official Node images. */
export const nodeUser = 1000;
const systemFolders = ["usr", "bin", "sbin", "lib", "lib64"];
const ofNetwork = [
  "ssl",
  "ca-certificates",
  "resolv.conf",
  "hosts",
  "nsswitch.conf",
  "ld.so.cache",
  "ld.so.conf",
  "alternatives",
];
/** Where Node is in such a root folder: that of this machine's system may be another version. */
const nodeFolder = "/opt/node/bin";

type InRoot = {
  readonly cwd: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** @default root */
  readonly user?: number;
  /** Folders of this machine by their path in the root folder. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Nothing but the volumes and `/tmp` can be written. @default false */
  readonly isReadOnly?: boolean;
};

/** A root folder with nothing of this machine but its system, read-only, and the Node that runs the test. */
export function makeRoot(root: string): void {
  // A temporary folder is closed to all but its owner.
  chmodSync(root, 0o755);
  for (const name of ["proc", "dev", "tmp", "root", "home/node", "etc", "opt/node/bin"]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of systemFolders) {
    const path = join("/", name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) symlinkSync(readlinkSync(path), join(root, name));
    else mkdirSync(join(root, name), { recursive: true });
  }
  for (const name of ofNetwork) {
    const path = join("/etc", name);
    if (!lstatSync(path, { throwIfNoEntry: false })) continue;
    cpSync(path, join(root, path), { recursive: true, dereference: name === "resolv.conf" });
  }
  writeFileSync(
    join(root, "etc/passwd"),
    `root:x:0:0::/root:/bin/sh\nnode:x:${nodeUser}:${nodeUser}::/home/node:/bin/sh\n`,
  );
  writeFileSync(join(root, "etc/group"), `root:x:0:\nnode:x:${nodeUser}:\n`);
  cpSync(process.execPath, join(root, nodeFolder, "node"));
}

/**
 * The program and its arguments that run a command in a root folder: with mounts and process numbers of its own, and with the network of this
 * machine. The command has the number 1, as in a container.
 */
export function inRoot(
  root: string,
  { cwd, command, env, user = 0, volumes = {}, isReadOnly = false }: InRoot,
): string[] {
  const system = systemFolders.filter(
    (name) => !lstatSync(join("/", name), { throwIfNoEntry: false })?.isSymbolicLink(),
  );
  for (const path of Object.keys(volumes)) mkdirSync(join(root, path), { recursive: true });
  const lines = [
    "set -e",
    "mount --make-rprivate /",
    `mount --bind "${root}" "${root}"`,
    ...system.map((name) => `mount --bind /${name} "${root}/${name}"; mount -o remount,bind,ro "${root}/${name}"`),
    `mount --rbind /dev "${root}/dev"`,
    `mount -t proc proc "${root}/proc"`,
    `mount -t tmpfs tmpfs "${root}/tmp"; chmod 1777 "${root}/tmp"`,
    ...Object.entries(volumes).map(([path, folder]) => `mount --bind "${folder}" "${root}${path}"`),
    ...(isReadOnly ? [`mount -o remount,bind,ro "${root}"`] : []),
    `exec chroot --userspec=${user}:${user} "${root}" /usr/bin/env -i "$@"`,
  ];
  const settings = { PATH: `${nodeFolder}:/usr/bin:/bin`, HOME: user === 0 ? "/root" : "/home/node", ...env };
  return [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    "-c",
    lines.join("\n"),
    "sh",
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    "sh",
    "-c",
    'cd "$0" && exec "$@"',
    cwd,
    ...command,
  ];
}

/** Why there can be no such root folders on this machine; undefined where there can. */
export function whyNoRoots(): string | undefined {
  if (process.platform !== "linux") return "root folders of their own need Linux";
  return process.getuid?.() === 0 ? undefined : "root folders of their own need root";
}
