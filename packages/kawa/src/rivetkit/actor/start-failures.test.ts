import { afterEach, expect, it, vi } from "vitest";
import { KawaError, type KawaErrorCode } from "../../core/errors/errors.ts";
import { createReactiveStateActor } from "./actor.ts";
import { startFailureKey, startFailures } from "../wire/hosted-services.ts";

afterEach(() => {
  startFailures.clear();
  vi.restoreAllMocks();
});

it.each<[KawaErrorCode, boolean]>([
  ["STORE_INCOMPLETE", true],
  ["DISK_FAILED", true],
  // Two incarnations that start at once: one of them goes on.
  ["BACKEND_CLOSED", false],
  ["BACKEND_UNAVAILABLE", false],
])("whoever waits for an actor that does not start for %s is told so: %s", async (code, isTold) => {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  const storage = { open: () => Promise.reject(new KawaError(code, "It does not start.")) };
  const { onWake } = createReactiveStateActor({}, { storage }).config as unknown as {
    onWake(c: object): Promise<void>;
  };
  onWake({ name: "reactiveState", key: ["global"], vars: {} }).catch(() => {});
  await vi.waitFor(() => expect(logged).toHaveBeenCalledTimes(1));
  expect(startFailures.has(startFailureKey("reactiveState", ["global"]))).toBe(isTold);
});
