import { randomId } from "../../browser/random-id.ts";
import { hold } from "./hold-lock.ts";
import { LiveHost, type TabMessage } from "./stream-owner.ts";

/** One host for each worker: the worker's name holds the address of the stream. */
let host: LiveHost | undefined;
/** Tabs wait for this lock to learn that the worker has ended. */
let lock: string | undefined;

const wanted = `kawa:${randomId()}`;
if (navigator.locks) hold(wanted, new AbortController().signal, () => void (lock = wanted));

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  port!.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    host ??= new LiveHost(data.src, () => lock);
    host.handle(data, (message) => port!.postMessage(message));
  };
});
