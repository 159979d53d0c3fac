import { processState } from "../core/process/process-state.ts";

/** Whether what runs now is the function of a transaction, as far as a browser can tell. */
export function running(): { isTransaction: boolean } {
  return processState("running", () => ({ isTransaction: false }));
}
