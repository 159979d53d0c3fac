import * as ReactDOM from "react-dom";
import { processState } from "../../core/process/process-state.ts";

const prefix = "#kawa-cached:";

type Tell = (href: string) => void;
type Dispatcher = { D: Tell & { [plain]?: Tell } };

/** Field of the function that takes markers out: React's own function, which tells a hint. */
const plain = Symbol.for("kawa.plain-hint");

const internals = (ReactDOM as Record<string, unknown>)[
  "__DOM_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE"
] as { d: Dispatcher } | undefined;

const taker = processState("cached-markers", () => ({ take: (_id: string): void => {} }));

/**
 * Calls `take` wherever a cached result is shown that {@link tellMarker} has marked. A marker is a hint to React DOM: Next keeps it with
 * the result, and React repeats it in the render that decodes the result. That render does not pass it on.
 *
 * False where React has no place for it.
 */
export function takeMarkers(take: (id: string) => void): boolean {
  taker.take = take;
  return watchHints();
}

/** Marks the result of the running function in `"use cache"`. False where the mark would not be seen. */
export function tellMarker(id: string): boolean {
  if (!watchHints()) return false;
  internals!.d.D[plain]!(prefix + id);
  return true;
}

/** Puts our function in place of React's. React's renderer puts its own there, and may do so again. */
function watchHints(): boolean {
  if (typeof internals?.d?.D !== "function") return false;
  const { d } = internals;
  if (d.D[plain]) return true;
  const tell: Tell = (href) =>
    typeof href === "string" && href.startsWith(prefix) ? taker.take(href.slice(prefix.length)) : d.D(href);
  internals.d = { ...d, D: Object.assign(tell, { [plain]: (href: string) => d.D(href) }) };
  return true;
}
