import { expect, it, vi } from "vitest";
import { notice, noticesNow } from "./notice.ts";

it("says each kind once, and remembers what it has said", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  notice("CONFIG_MISSING", "First.");
  notice("CONFIG_MISSING", "Second.");
  notice("ROUTE_MISSING", "Third.");
  const said = ["First. (CONFIG_MISSING)", "Third. (ROUTE_MISSING)"];
  await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(said.length), { timeout: 15_000 });
  expect(error.mock.calls).toEqual(said.map((text) => [`[kawa] ${text}`]));
  expect(noticesNow()).toEqual(said);
  error.mockRestore();
});
