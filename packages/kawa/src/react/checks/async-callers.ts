import { processState } from "../../core/process/process-state.ts";
import { framesOfCaller } from "./call-site.ts";
import { type HookCall, inAsyncFunction } from "./hook-place.ts";

/** Most calls of hooks between two looks at the caller. A look takes some 10 microseconds. */
const maxGap = 4_096;
/** Most frames from a hook to its component. */
const maxFrames = 16;
/** Most functions that are remembered: there are more only where they are made anew for each request. */
const maxPlaces = 10_000;

type FunctionPlace = { readonly file: string; readonly line: number; readonly column: number };

const state = processState("async-callers", () => ({ left: 1, gap: 1, seed: 1, places: new Set<string>() }));

/**
 * Called by a hook that had nothing to wait for: now and then it checks that its caller is no async function, which React does not tell.
 * There a hook works after a component has read the same source, and fails when it is the first to read it after a restart.
 */
export function noteCaller(call: HookCall): void {
  state.left -= 1;
  if (state.left <= 0) look(call);
}

function look(call: HookCall): void {
  const unseen = placesOf(call).filter(({ file, line, column }) => {
    const { size } = state.places;
    return size < maxPlaces && state.places.add(`${file}:${line}:${column}`).size > size;
  });
  state.gap = unseen.length > 0 ? 1 : Math.min(state.gap * 2, maxGap);
  // At irregular distances: a page reads in the same order each time. Next allows no `Math.random()` in a render.
  state.seed = (Math.imul(state.seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  state.left = 1 + (state.gap === 1 ? 0 : (state.seed >>> 8) % (2 * state.gap));
  if (unseen.length === 0) return;
  const error = inAsyncFunction(call);
  void Promise.all(unseen.map(isAsync)).then((found) => {
    if (found.includes(true))
      console.error("[kawa] A hook has worked by chance, and fails after the next start:", error);
  });
}

/** Places of the functions between the hook and React. */
function placesOf({ hook }: HookCall): FunctionPlace[] {
  const frames = framesOfCaller(hook, maxFrames);
  const end = frames.findIndex((frame) => isOfPackage.test(frame.getFileName() ?? ""));
  // Where no frame is React's, it is not known where the component begins.
  return frames.slice(0, Math.max(end, 0)).flatMap((frame) => {
    const file = frame.getFileName();
    const { getEnclosingLineNumber: lineOf, getEnclosingColumnNumber: columnOf } = frame as typeof frame & Enclosed;
    const [line, column] = [lineOf?.call(frame), columnOf?.call(frame)];
    return file && line && column ? [{ file, line, column }] : [];
  });
}

/** V8 has these methods, and its types do not. */
type Enclosed = {
  readonly getEnclosingLineNumber?: () => number | null;
  readonly getEnclosingColumnNumber?: () => number | null;
};

const isOfPackage = /[\\/]node_modules[\\/]/;

/** Whether the function is async in the code that runs. False where the code cannot be read. */
async function isAsync({ file, line, column }: FunctionPlace): Promise<boolean> {
  try {
    const { readFile } = process.getBuiltinModule("node:fs/promises");
    const text = await readFile(file.startsWith("file:") ? new URL(file) : file, "utf8");
    let start = 0;
    for (let passed = 1; passed < line; passed += 1) start = text.indexOf("\n", start) + 1;
    return /^async[\s(*]/.test(text.slice(start + column - 1, start + column + 5));
  } catch {
    return false;
  }
}
