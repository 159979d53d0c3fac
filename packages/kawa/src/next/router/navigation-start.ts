/** As Next calls it; `traverse` is back or forward. */
type NavigationType = "push" | "replace" | "traverse";
type Listener = (type: NavigationType) => void;

const listeners = new Set<Listener>();
let isReported = false;

/** True where Next tells when a navigation starts: with `kawa/next/instrumentation-client`, which `withKawa` installs. */
export function isNavigationReported(): boolean {
  return isReported;
}

export function installNavigationReports(): void {
  isReported = true;
}

export function reportNavigationStart(_url: string, type: NavigationType): void {
  for (const listener of listeners) listener(type);
}

export function onNavigationStart(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
