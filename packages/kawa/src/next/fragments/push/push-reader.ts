import { currentExchange } from "../../network/connections.ts";

/** Whoever reads what is pushed. */
export interface PushReader {
  /** True under backpressure: what was sent before waits in memory. */
  readonly needsDrain: boolean;
  disconnect(): void;
}

/** Whoever reads the answer to the request on whose behalf this runs; undefined where no `node:http` server has received it. */
export function currentReader(): PushReader | undefined {
  const exchange = currentExchange();
  return (
    exchange && {
      get needsDrain() {
        return exchange.response.writableNeedDrain;
      },
      disconnect: () => void exchange.socket.destroy(),
    }
  );
}
