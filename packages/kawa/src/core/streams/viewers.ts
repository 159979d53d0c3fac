import { processState } from "../process/process-state.ts";

/** Knows what open browsers show. `next/stream` installs it; until then no browser shows anything. */
export interface Viewers {
  /** True when a browser is open that shows a key of a backend, as far as this server knows what it shows. */
  isShown(backendId: string, key: string): boolean;
  /** True when a browser is open that shows something of a backend, as far as this server knows. */
  isWatched(backendId: string): boolean;
}

const installed = processState<{ viewers: Viewers | undefined }>("viewers", () => ({ viewers: undefined }));

export function installViewers(viewers: Viewers): void {
  installed.viewers = viewers;
}

/** True when a browser is open that shows something of a backend. */
export function isWatched(backendId: string): boolean {
  return installed.viewers?.isWatched(backendId) ?? false;
}

/** True when a browser is open that shows a key of a backend. */
export function isShown(backendId: string, key: string): boolean {
  return installed.viewers?.isShown(backendId, key) ?? false;
}
