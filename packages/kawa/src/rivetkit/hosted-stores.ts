import { processState } from "../core/process-state.ts";
import type { SignalStore } from "./signal-store.ts";

/**
 * Stores of the actors that live in this process. A replica in the same process uses them directly, which saves two trips
 * through the engine; its socket still proves that this incarnation is the current one.
 */
export const hostedStores = processState("hosted-stores", () => new Map<string, SignalStore>());
