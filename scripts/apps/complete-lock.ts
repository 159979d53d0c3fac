import { readFileSync, writeFileSync } from "node:fs";

type Locked = {
  readonly version: string;
  readonly optional?: true;
  readonly os?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/**
 * Adds to a lock file what a complete registry would have put there. Some registries lack what other platforms need: `npm install` leaves it
 * out of the lock file, and `npm ci` misses it there.
 */
export function completeLock(path: string): void {
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Record<string, Locked> };
  for (const [place, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (isLocked(lock.packages, place, name)) continue;
      // No platform has that name, so nobody asks for its files.
      lock.packages[`node_modules/${name}`] = { version: version.replace(/^[~^]/, ""), optional: true, os: ["none"] };
    }
  }
  writeFileSync(path, JSON.stringify(lock, null, 2));
}

function isLocked(packages: Readonly<Record<string, Locked>>, place: string, name: string): boolean {
  for (let at = place; ; at = at.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, "")) {
    if (packages[`${at === "" ? "" : `${at}/`}node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
  }
}
