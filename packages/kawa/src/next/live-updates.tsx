import { type ReactElement, type ReactNode, Suspense } from "react";
import { knownBackends } from "../core/backend.ts";
import { formatVersions, toShownVersions } from "../core/version.ts";
import { requestScope } from "../react/request-scope.ts";
import { LiveValues } from "./client/live-values.tsx";
import { identityTag } from "./identity-tag.ts";
import { LiveMarker, LiveRefresh, type LiveRefreshProps } from "./client.ts";

export type LiveUpdatesProps = {
  /** Path of the route made with `createReactiveRoute`. @default "/api/reactive" */
  src?: string;
  /**
   * How pages are rendered again. `route` renders everything with its layouts, `page` only the page segment: right where no layout
   * and no other slot reads signals. `auto` takes `page` for what only a page with `<LivePage />` has read.
   *
   * @default "auto"
   */
  refresh?: LiveRefreshProps["refresh"];
  /**
   * Who looks, such as the id of a session, where the login is your own. When it changes, the browser forgets at once what its client
   * components have shown. It is not sent, only a hash of it.
   *
   * @default the session of `createSessions`
   */
  identity?: string;
  /** The pages. Their client components can read signals then. */
  children?: ReactNode;
};

/**
 * Keeps the pages below a layout current: put it once into the root layout. When a signal changes that the shown page has
 * read, the page is rendered again; input, focus, scroll and client state stay. Around the pages, it also lets client components
 * read signals: `<LiveUpdates>{children}</LiveUpdates>`.
 */
export function LiveUpdates({ src = "/api/reactive", refresh = "auto", identity, children }: LiveUpdatesProps): ReactElement {
  return (
    <>
      {children === undefined ? null : (
        <LiveValues src={src} render={requestScope().shareWithClients()}>
          {children}
        </LiveValues>
      )}
      <Suspense fallback={null}>
        <Versioned src={src} refresh={refresh} identity={identity} />
      </Suspense>
    </>
  );
}

/**
 * Says of a page that what it reads is not shown by its layouts: a change of it then renders only the page segment again, and
 * leaves the layouts as they are. Put it anywhere into the page.
 *
 * @example
 * export default function Page() {
 *   return <><Score /><LivePage /></>;
 * }
 */
export function LivePage(): ReactElement {
  return (
    <Suspense fallback={null}>
      <Marked />
    </Suspense>
  );
}

type VersionedProps = { src: string; refresh: LiveRefreshProps["refresh"]; identity: string | undefined };

/** Tells the browser which versions this render shows. */
async function Versioned({ src, refresh, identity }: VersionedProps): Promise<ReactElement> {
  const versions = await shown();
  return <LiveRefresh src={src} refresh={refresh} identity={await identityTag(identity)} {...versions} />;
}

async function Marked(): Promise<ReactElement> {
  return <LiveMarker {...await shown()} />;
}

async function shown(): Promise<{ render: string; versions: string }> {
  const scope = requestScope();
  await scope.markDynamic();
  const backends = knownBackends.peek();
  for (const id of scope.expectedBackends) {
    const backend = backends.get(id);
    if (backend) scope.noteVersion(backend);
  }
  const reads = scope.reads!;
  // The page and its layout tell the same, so that a stream can go on with either.
  reads.shownText ??= formatVersions({ ...toShownVersions(scope.versions.values()), "": Date.now() });
  return { render: scope.id, versions: reads.shownText };
}
