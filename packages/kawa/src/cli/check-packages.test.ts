import { expect, it } from "vitest";
import { publishedAs } from "./check-packages.ts";

it("names the RivetKit that is published beside Kawa, which brings less along", () => {
  expect(publishedAs("rivetkit", "~2.3.19", "@scope/kawa")).toBe("npm:@scope/rivetkit@~2.3.19");
  expect(publishedAs("react", "^19.3.0", "@scope/kawa")).toBe("^19.3.0");
  // The sources have no scope.
  expect(publishedAs("rivetkit", "~2.3.19", "kawa")).toBe("~2.3.19");
});
