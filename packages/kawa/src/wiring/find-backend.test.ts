import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeTempFolder } from "../../test/support/temp-folder.ts";
import { findBackend } from "./find-backend.ts";

const call = "initReactiveBackend({ registry });";

it.each([
  ["lib/backend", { "lib/backend.ts": "", "other.ts": call }, { path: "lib/backend.ts" }],
  ["lib/backend in src/, in JavaScript", { "src/lib/backend.mjs": "" }, { path: "src/lib/backend.mjs" }],
  [
    "the only module that calls initReactiveBackend",
    { "src/server/state.ts": call, "app/page.tsx": "" },
    { path: "src/server/state.ts" },
  ],
  ["none where there is none", { "app/page.tsx": "" }, "none"],
  ["several where only the app knows", { "a.ts": call, "b/c.ts": call }, "several"],
  [
    "nothing in tests, packages and builds",
    { "a.test.ts": call, "e2e/seed.ts": call, "node_modules/x/a.js": call, ".next/server.js": call, "a.d.ts": call },
    "none",
  ],
] as const)("finds %s", (_, files, expected) => {
  const { path: folder, remove } = makeTempFolder();
  onTestFinished(remove);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  expect(findBackend(folder)).toEqual(expected);
});
