import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const extensions = ["ts", "tsx", "mts", "js", "jsx", "mjs"];
const sourceFile = /\.(?:m?ts|tsx|m?js|jsx)$/;
const notOfTheApp = /^(?:\..*|node_modules|public|dist|build|out|coverage|e2e|tests?|__tests__)$/;
const maxFiles = 5_000;

/**
 * Path of the module that names the backend of an app, relative to its folder: `lib/backend`, also in `src/`, else the only module that
 * calls `initReactiveBackend`. `none` where there is no such module, `several` where only the app can tell which of them it is.
 */
export function findBackend(folder: string): { readonly path: string } | "none" | "several" {
  for (const place of ["lib/backend", "src/lib/backend"])
    for (const extension of extensions) {
      const path = `${place}.${extension}`;
      if (existsSync(join(/*turbopackIgnore: true*/ folder, path))) return { path };
    }
  const found: string[] = [];
  for (const path of sourceFiles(folder)) {
    if (callsInit.test(readFileSync(join(/*turbopackIgnore: true*/ folder, path), "utf8"))) found.push(path);
    if (found.length > 1) return "several";
  }
  return found[0] === undefined ? "none" : { path: found[0] };
}

const callsInit = /\binitReactiveBackend\s*\(/;

/** The modules of the app in their order, without tests, and without what it has installed or built. */
function* sourceFiles(folder: string): Generator<string> {
  const open = [""];
  let count = 0;
  for (let inside = open.shift(); inside !== undefined; inside = open.shift()) {
    for (const entry of readdirSync(join(/*turbopackIgnore: true*/ folder, inside), { withFileTypes: true })) {
      const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
      if (entry.isDirectory() && !notOfTheApp.test(entry.name)) open.push(path);
      if (!entry.isFile() || !sourceFile.test(entry.name) || /\.(?:test|spec|d)\.\w+$/.test(entry.name)) continue;
      count += 1;
      if (count > maxFiles) return;
      yield path;
    }
  }
}
