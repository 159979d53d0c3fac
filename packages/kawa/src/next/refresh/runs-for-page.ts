import { nextWork } from "../../core/work/next-work.ts";

/** Before a path in {@link NextUnit.implicitTags}. */
const pathTag = "_N_T_";

/**
 * True when the server action that is running was sent to one of these pages, or that cannot be told. The address alone does not tell:
 * where a middleware rewrites pages and does not run for actions, an action at the same address reaches another page, or none.
 *
 * @param paths of pages, after all rewrites
 */
export function runsForPage(paths: readonly string[]): boolean {
  const tags = nextWork()?.unit?.implicitTags?.tags.map(decoded);
  return !tags || paths.some((path) => tags.includes(decoded(pathTag + path)));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
