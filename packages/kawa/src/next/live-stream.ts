const reconnectMs = { first: 300, max: 5_000 } as const;
/** Two missed pings: the connection is dead although nobody said so, as after sleep. */
const silenceMs = 35_000;

export type LiveStreamOptions = {
  /** Address of a new connection: it names what is shown at that moment. */
  url: () => string;
  onChange: (versions: string) => void;
};

/** Listens to the server for as long as the page is shown, through lost networks, restarts and sleep. Returns its end. */
export function openLiveStream({ url, onChange }: LiveStreamOptions): () => void {
  let source: EventSource | undefined;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  let retryMs: number = reconnectMs.first;
  let lastEventAt = 0;

  const open = (): void => {
    clearTimeout(retryTimer);
    source?.close();
    lastEventAt = Date.now();
    const current = (source = new EventSource(url()));
    const on = (type: string, listener: (data: string) => void): void =>
      current.addEventListener(type, (event: MessageEvent<string>) => {
        lastEventAt = Date.now();
        listener(event.data);
      });
    on("hello", () => (retryMs = reconnectMs.first));
    on("ping", () => {});
    on("change", onChange);
    // The browser's own retry would ask from what was shown long ago.
    current.onerror = () => {
      current.close();
      if (source !== current) return;
      retryTimer = setTimeout(open, retryMs * (0.5 + Math.random()));
      retryMs = Math.min(retryMs * 2, reconnectMs.max);
    };
  };
  const revive = (): void => {
    if (document.visibilityState === "hidden") return;
    if (source?.readyState === EventSource.CLOSED || Date.now() - lastEventAt > silenceMs) open();
  };

  const restore = (event: PageTransitionEvent): void => {
    if (event.persisted) open();
  };

  open();
  const watchdog = setInterval(revive, silenceMs / 2);
  addEventListener("online", revive);
  addEventListener("pageshow", restore);
  document.addEventListener("visibilitychange", revive);
  return () => {
    clearTimeout(retryTimer);
    clearInterval(watchdog);
    removeEventListener("online", revive);
    removeEventListener("pageshow", restore);
    document.removeEventListener("visibilitychange", revive);
    const last = source;
    source = undefined;
    last?.close();
  };
}
