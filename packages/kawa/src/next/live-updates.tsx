import { Suspense, type ReactElement } from "react";
import { knownBackends } from "../core/backend.ts";
import { formatVersions } from "../core/version.ts";
import { requestScope } from "../react/request-scope.ts";
import { LiveRefresh } from "./client.ts";
import { serverId } from "./server-id.ts";

export type LiveUpdatesProps = {
  /** Path of the route made with `createReactiveRoute`. @default "/api/reactive" */
  src?: string;
};

/**
 * Keeps the pages below a layout current: put it once into the root layout. When a signal changes that the shown page has
 * read, the page is rendered again; input, focus, scroll and client state stay.
 */
export function LiveUpdates({ src = "/api/reactive" }: LiveUpdatesProps): ReactElement {
  return (
    <Suspense fallback={null}>
      <Versioned src={src} />
    </Suspense>
  );
}

/** Tells the browser which versions this render shows. */
async function Versioned({ src }: { src: string }): Promise<ReactElement> {
  const scope = requestScope();
  await scope.markDynamic();
  for (const backend of knownBackends.peek().values()) scope.noteVersion(backend);
  return <LiveRefresh src={src} server={serverId()} versions={formatVersions(Object.fromEntries(scope.versions))} />;
}
