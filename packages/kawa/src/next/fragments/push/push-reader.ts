import { currentExchange } from "../../network/connections.ts";
import type { PushReader } from "./read-watch.ts";

/** Whoever reads the answer to the request on whose behalf this runs; undefined where no `node:http` server has received it. */
export function currentReader(): PushReader | undefined {
  const exchange = currentExchange();
  return (
    exchange && {
      get isRead() {
        return !exchange.response.writableNeedDrain;
      },
      disconnect: () => void exchange.socket.destroy(),
    }
  );
}
