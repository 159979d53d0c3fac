import type { SignalBackend } from "../core/backend/backend.ts";
import { processState } from "../core/process/process-state.ts";
import { BrowserBackend } from "./browser-backend.ts";
import { takeHydrationRows } from "./hydration-rows.ts";
import { createLocalBackend } from "./local-backend.ts";
import { valuePort } from "./value-port.ts";

/** The backend of all shared signals in a browser. */
export function browserBackend(): BrowserBackend {
  return processState("browser-backend", () => {
    const port = valuePort();
    const backend = new BrowserBackend(takeHydrationRows, () => port.onWatch(), port.rendered);
    port.values = backend;
    return backend;
  });
}

/** The backend of signals without a key. */
export function localBackend(): SignalBackend {
  return processState("local-backend", createLocalBackend);
}
