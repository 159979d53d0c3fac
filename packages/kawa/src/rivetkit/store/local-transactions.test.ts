import { expect, it, vi } from "vitest";
import { isSetAside } from "./local-transactions.ts";

it("a transaction that was set aside is known as one by every copy of the module", async () => {
  vi.resetModules();
  const { SetAside } = await import("./local-transactions.ts");
  expect(isSetAside(new SetAside("It waits."))).toBe(true);
  expect([new Error("no"), "no", undefined].map(isSetAside)).toEqual([false, false, false]);
});
