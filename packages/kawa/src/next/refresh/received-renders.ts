import { valuePort } from "../../browser/value-port.ts";
import { renderTimingName } from "../protocol/stream-protocol.ts";
import { pathOf, seesRouter } from "../router/router-requests.ts";
import type { ReceivedRender } from "../router/shown-renders.ts";

/**
 * Reports renders that Next has received, from the browser's list of requests: for pages where `router-requests` does not see them. That
 * list does not tell prefetches apart, so each render counts as shown.
 */
export function observeReceivedRenders(onRender: (render: ReceivedRender) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const { name, startTime, serverTiming } of list.getEntries() as PerformanceResourceTiming[]) {
      valuePort().rendered.end(name);
      // Without `serverTiming` it is unknown which render was received.
      const id = serverTiming?.find((entry) => entry.name === renderTimingName)?.description;
      // A request without `_rsc` is for a document or an action.
      const isRender = /[?&]_rsc=/.test(name) && name.startsWith(`${location.origin}/`);
      if (id && isRender && !seesRouter()) onRender({ id, url: pathOf(name), startTime, isShown: true });
    }
  });
  observer.observe({ type: "resource", buffered: true });
  return () => observer.disconnect();
}
