import { KawaError, type KawaErrorCode } from "../errors/errors.ts";
import { detached } from "./detached.ts";
import { processState } from "./process-state.ts";

const noticed = processState("notices", () => new Map<KawaErrorCode, string>());

/** Says once a process what the app has forgotten. In development the page shows it too: the route hands {@link noticesNow} out. */
export function notice(code: KawaErrorCode, message: string): void {
  if (noticed.has(code)) return;
  const { message: text } = new KawaError(code, message);
  noticed.set(code, text);
  // In development React sends the browser what a render prints, and a render that has just ended would wait for that for ever.
  detached(() => setTimeout(() => console.error(`[kawa] ${text}`)));
}

/** What was said so far. */
export function noticesNow(): readonly string[] {
  return [...noticed.values()];
}
