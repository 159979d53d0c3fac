type Data = { readonly __PRIVATE_NEXTJS_INTERNALS_TREE?: object } | null;
type Listener = (data: object, url: URL) => void;

let listeners: { readonly adopt: Listener; readonly keep: Listener } | undefined;

/**
 * @param adopt called when the app has given what is shown another address, before that is written to the history as `data`
 * @param keep called when Next shows a state, before that is written to the history as `data`
 */
export function onPush(adopt: Listener, keep: Listener): void {
  listeners = { adopt, keep };
}

/** Watches what is written to the history. Next's own `pushState` comes to wrap this one, so its router has the new address already. */
export function installPushes(): void {
  for (const name of ["pushState", "replaceState"] as const) {
    const write = history[name].bind(history);
    history[name] = (data: Data, unused, url) => {
      const entry = data?.__PRIVATE_NEXTJS_INTERNALS_TREE;
      if (data && entry && url) {
        // Next gives what an app writes the state of the entry before. What it writes itself has another one.
        const isOfApp = entry === (history.state as Data)?.__PRIVATE_NEXTJS_INTERNALS_TREE;
        listeners?.[isOfApp ? "adopt" : "keep"](data, new URL(url, location.href));
      }
      write(data, unused, url);
    };
  }
}
