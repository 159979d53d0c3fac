/**
 * Names the place in the source that calls `fn`, such as `lib/use-price.ts:5:16`: the same on every server that runs the same
 * build. Undefined when the stack does not tell.
 */
export function callSiteOf(fn: (...args: never) => unknown): string | undefined {
  const [frame] = framesOfCaller(fn, 1);
  const file = frame?.getFileName();
  if (!frame || !file) return undefined;
  const position: Position = { file, line: frame.getLineNumber() ?? 0, column: frame.getColumnNumber() ?? 0 };
  const id = format(position);
  let found = known.get(id);
  if (found === undefined) known.set(id, (found = format(originalOf(position) ?? withoutFolder(position))));
  return found;
}

type Position = { readonly file: string; readonly line: number; readonly column: number };

const known = new Map<string, string>();

const isOurs = /(^|\/)kawa\/src\//;

function format({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

/** The frames that have called `fn`, the nearest first. */
export function framesOfCaller(fn: (...args: never) => unknown, maxFrames: number): readonly NodeJS.CallSite[] {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const holder: { stack?: readonly NodeJS.CallSite[] } = {};
  // Few frames, and none is formatted: this runs in every render.
  Error.stackTraceLimit = maxFrames;
  Error.prepareStackTrace = (_error, frames) => frames;
  try {
    Error.captureStackTrace(holder, fn);
    return holder.stack ?? [];
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    // `undefined` would not be the same as no property.
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, "prepareStackTrace");
    else Error.prepareStackTrace = prepareStackTrace;
  }
}

/**
 * The position in the source of the app. A bundler puts a module that several pages share into a chunk of each of them, and
 * which of the copies a server runs depends on the page that was asked for first.
 */
function originalOf({ file, line, column }: Position): Position | undefined {
  // In development the chunks change while the server runs, and there is only one server.
  if (process.env.NODE_ENV !== "production") return undefined;
  try {
    // Not by an import: bundlers would include this in what runs on the edge, and trace the path as a part of the app.
    const { readFileSync } = process.getBuiltinModule("node:fs");
    const { SourceMap } = process.getBuiltinModule("node:module");
    const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || !entry.originalSource) return undefined;
    // Where a bundler has merged modules, its map may know only what stands before the call: Kawa's own module, for all callers.
    if (isOurs.test(entry.originalSource)) return undefined;
    return { file: toPath(entry.originalSource), line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  } catch {
    // A build without source maps.
    return undefined;
  }
}

/** Servers may keep the same build in different folders. */
function withoutFolder({ file, line, column }: Position): Position {
  const path = file.replace(/^file:\/\//, "");
  const folder = `${process.cwd()}/`;
  return { file: path.startsWith(folder) ? path.slice(folder.length) : path, line, column };
}

/** Sources are URLs, relative to the chunk. */
function toPath(source: string): string {
  return decodeURIComponent(source).replace(/^(\.\.\/)+/, "");
}
