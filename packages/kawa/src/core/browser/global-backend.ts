import type { Backend } from "../backend.ts";
import { processState } from "../process-state.ts";
import { BrowserBackend } from "./browser-backend.ts";
import { takeHtmlRows } from "./html-rows.ts";
import { createLocalBackend } from "./local-backend.ts";

/** The backend of all shared signals in a browser. */
export function browserBackend(): BrowserBackend {
  return processState("browser-backend", () => new BrowserBackend(takeHtmlRows));
}

/** The backend of signals without a key. */
export function localBackend(): Backend {
  return processState("local-backend", createLocalBackend);
}
