import { renderTimingName } from "../stream-protocol.ts";
import type { ReceivedRender } from "./shown-renders.ts";

/** Reports renders that Next has received: it gives their answers to nobody, but the browser lists its requests. */
export function observeReceivedRenders(onRender: (render: ReceivedRender) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const { name, startTime, serverTiming } of list.getEntries() as PerformanceResourceTiming[]) {
      const { pathname, search } = new URL(name);
      // Not every browser has it; what was received is unknown then.
      const id = serverTiming?.find((entry) => entry.name === renderTimingName)?.description;
      const page = search.replace(/[?&]_rsc=[^&]*/, "");
      // What is asked for without that is a document, or an action.
      if (id && page !== search && name.startsWith(`${location.origin}/`)) onRender({ id, url: pathname + page.replace(/^&/, "?"), startTime });
    }
  });
  observer.observe({ type: "resource", buffered: true });
  return () => observer.disconnect();
}
