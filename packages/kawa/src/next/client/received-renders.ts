import { renderTimingName } from "../stream-protocol.ts";
import type { ReceivedRender } from "./shown-renders.ts";

/** Reports renders that Next has received: it gives their answers to nobody, but the browser lists its requests. */
export function observeReceivedRenders(onRender: (render: ReceivedRender) => void): () => void {
  const observer = new PerformanceObserver((list) => {
    for (const { name, startTime, serverTiming } of list.getEntries() as PerformanceResourceTiming[]) {
      const { origin, pathname, search } = new URL(name);
      if (origin !== location.origin) continue;
      // Not every browser has it; what was received is unknown then.
      const id = serverTiming?.find((entry) => entry.name === renderTimingName)?.description;
      const page = search.replace(/[?&]_rsc=[^&]*/, "");
      const url = page === search ? undefined : pathname + page.replace(/^&/, "?");
      if (id) onRender({ id, url, startedAt: startTime });
    }
  });
  observer.observe({ type: "resource", buffered: true });
  return () => observer.disconnect();
}
