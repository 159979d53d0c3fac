import { expect, it } from "vitest";
import * as server from "../core/platform.ts";
import * as browser from "./platform.ts";

it("has everything that signals use of the server's platform", () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(server).sort());
});
