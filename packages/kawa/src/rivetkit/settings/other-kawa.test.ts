import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { otherKawaHint } from "./other-kawa.ts";

let place: ReturnType<typeof makeTempFolder>;
beforeEach(() => (place = makeTempFolder()));
afterEach(() => place.remove());

function install(manifest: string): void {
  mkdirSync(join(place.path, "node_modules/kawa"), { recursive: true });
  writeFileSync(join(place.path, "node_modules/kawa/package.json"), manifest);
}

it("tells the public package of the same name, and what to install instead", () => {
  install(JSON.stringify({ name: "kawa", version: "1.0.0", main: "lib/kawa" }));
  writeFileSync(join(place.path, "pnpm-lock.yaml"), "");
  const hint = otherKawaHint(place.path, "@someone/kawa");
  expect(hint).toContain("is another package: kawa@1.0.0");
  expect(hint).toContain("pnpm add kawa@npm:@someone/kawa");
});

it("says nothing of this package", () => {
  install(readFileSync(resolve(import.meta.dirname, "../../../package.json"), "utf8"));
  expect(otherKawaHint(place.path, "@someone/kawa")).toBeUndefined();
});

it("says nothing where no package has the name", () => {
  expect(otherKawaHint(place.path, "@someone/kawa")).toBeUndefined();
});
