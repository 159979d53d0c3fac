import { ensureChromium } from "../chromium.ts";
import { buildApp } from "../support/build.ts";
import { labAppDir } from "../support/server.ts";

export default function globalSetup(): void {
  ensureChromium();
  if (process.env.KAWA_E2E_NO_BUILD !== "1") buildApp(labAppDir);
}
