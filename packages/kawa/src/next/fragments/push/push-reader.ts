import { currentExchange } from "../../network/connections.ts";

/** The client that reads what is pushed. */
export interface PushReader {
  /** True under backpressure: what was sent before waits in memory. */
  readonly needsDrain: boolean;
  disconnect(): void;
}

/** The client that reads the answer to the running request; undefined where no `node:http` server has received it. */
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
