import { beforeEach, expect, it, vi } from "vitest";
import { KawaError } from "../../core/errors/errors.ts";
import { reportSeldom } from "./report-seldom.ts";

const process = vi.hoisted(() => ({ isEnding: false }));
vi.mock("../../rivetkit/host/stop-with-process.ts", () => ({ isEnding: () => process.isEnding }));

const printed = vi.spyOn(console, "error").mockImplementation(() => {});
beforeEach(() => void printed.mockClear());

const closed = new KawaError("BACKEND_CLOSED", "closed");

it("an error of one kind is reported once in a while", () => {
  reportSeldom("often", "It failed.", closed);
  reportSeldom("often", "It failed.", closed);
  expect(printed.mock.calls).toEqual([["[kawa] It failed.", closed]]);
});

it("a backend that was closed is no fault while the process ends, and anything else is", () => {
  process.isEnding = true;
  reportSeldom("end", "It failed.", closed);
  expect(printed).not.toHaveBeenCalled();
  reportSeldom("end", "It failed.", new Error("broken"));
  expect(printed).toHaveBeenCalledOnce();
});
