import type { ServerResponse } from "node:http";

/**
 * Calls `listener` once when the response has ended, whichever way. Next in development comes close to the number of listeners of which Node
 * warns: one of ours does not count.
 */
export function onResponseClose(response: ServerResponse, listener: () => void): void {
  const most = response.getMaxListeners();
  // 0 is no limit.
  if (most > 0) response.setMaxListeners(most + 1);
  response.once("close", listener);
}
