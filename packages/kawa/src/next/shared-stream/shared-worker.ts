import { randomId } from "../../browser/random-id.ts";
import { holdLock } from "./hold-lock.ts";
import type { TabMessage } from "./owner-protocol.ts";
import { StreamOwner } from "./stream-owner.ts";

/** One owner for each worker: the worker's name holds the address of the stream. */
let owner: StreamOwner | undefined;
/** Tabs wait for this lock to learn that the worker has ended. */
let lock: string | undefined;

const wanted = `kawa:${randomId()}`;
if (navigator.locks) holdLock(wanted, new AbortController().signal, () => void (lock = wanted));

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  port!.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    owner ??= new StreamOwner(data.src, () => lock);
    owner.handle(data, (message) => port!.postMessage(message));
  };
});
