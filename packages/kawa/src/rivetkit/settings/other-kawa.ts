import { installedPackage, readManifest } from "./installed-package.ts";
import { addCommand, packageManagerOf } from "./package-manager.ts";

/**
 * What to tell people whose app has the public npm package `kawa`, which is not this one; undefined where it has this one or none. That
 * package runs no code of ours, so only a tool that comes from elsewhere can say it, such as `npx --package <this package> kawa doctor`.
 *
 * @param folder absolute path of the folder with the app's package.json
 * @param published what this package is called on npm, with its scope
 */
export function otherKawaHint(folder: string, published: string): string | undefined {
  const found = installedPackage("kawa", folder);
  if (found === undefined) return undefined;
  const { name, version, exports } = readManifest(found);
  if (exports?.["./next/config"] !== undefined) return undefined;
  return (
    `${found} is another package: ${name}@${version}, by somebody else. ` +
    `Install this one under its name: ${addCommand(packageManagerOf(folder), `kawa@npm:${published}`)}`
  );
}
