import { LiveHost, type TabMessage } from "./live-host.ts";

/** One host for each worker: the worker's name holds the address of the stream. */
let host: LiveHost | undefined;

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  port!.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    host ??= new LiveHost(data.src);
    host.handle(data, (message) => port!.postMessage(message));
  };
});
