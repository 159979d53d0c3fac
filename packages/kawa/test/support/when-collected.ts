import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { vi } from "vitest";

const timeoutMs = 10_000;

/** Resolves when nothing keeps the objects any more. */
export async function whenCollected(refs: readonly WeakRef<object>[]): Promise<void> {
  await vi.waitUntil(() => (collectGarbage(), refs.every((ref) => ref.deref() === undefined)), { timeout: timeoutMs });
}

export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
