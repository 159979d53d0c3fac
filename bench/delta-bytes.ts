let lastBytes = 0;

/** Notes the size of each message with a delta that this process receives. RivetKit takes the global WebSocket. */
export function noteDeltaBytes(): void {
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      // The first listener of the socket: the size is known when the change is seen.
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.includes('"delta"')) lastBytes = Buffer.byteLength(data);
      });
    }
  };
}

/** Size of the last message with a delta, 0 before there was one. */
export function lastDeltaBytes(): number {
  return lastBytes;
}
