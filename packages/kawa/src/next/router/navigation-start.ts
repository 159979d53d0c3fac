const listeners = new Set<() => void>();
let isReported = false;

/** True where Next tells when a navigation starts: with `kawa/next/instrumentation-client`, which `withKawa` installs. */
export function isNavigationReported(): boolean {
  return isReported;
}

export function installNavigationReports(): void {
  isReported = true;
}

export function reportNavigationStart(): void {
  for (const listener of listeners) listener();
}

export function onNavigationStart(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
