import { afterEach, expect, it, vi } from "vitest";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import { knownBackends, onKnownBackend, registerBackend, unregisterBackend } from "./backend.ts";

afterEach(() => {
  for (const backend of [...knownBackends().values()]) unregisterBackend(backend);
});

it("tells of each backend that comes and goes, once, and of no other", () => {
  const listener = vi.fn<(id: string, backend: unknown) => void>();
  const [early, one, other] = ["early", "one", "one"].map((id) => createMemoryBackend(id));
  registerBackend(early!, { global: false });
  const stop = onKnownBackend(listener);
  registerBackend(one!, { global: false });
  registerBackend(one!, { global: false });
  registerBackend(other!, { global: false });
  unregisterBackend(one!);
  unregisterBackend(other!);
  expect(listener.mock.calls).toEqual([
    ["one", one],
    ["one", other],
    ["one", undefined],
  ]);
  stop();
  unregisterBackend(early!);
  expect(listener).toHaveBeenCalledTimes(3);
});
