import { type ReactElement, type ReactNode, Suspense } from "react";
import { knownBackends } from "../core/backend/backend.ts";
import { nextWork } from "../core/work/next-work.ts";
import { formatVersions, toShownVersions } from "../core/value/version.ts";
import { whenNothingOlderRuns } from "../react/render/cached-reads.ts";
import { isPrerender, isReadByClients, noRender } from "../react/render/prerender.ts";
import { createRenderId } from "../react/render/render-id.ts";
import { requestScope } from "../react/render/request-scope.ts";
import { markOwnRun } from "../react/render/wrap-components.ts";
import { LiveValues } from "./refresh/live-values.tsx";
import { identityTag } from "./session/identity-tag.ts";
import { routeAddress } from "./protocol/route-address.ts";
import { staticRenderId } from "./protocol/static-render.ts";
import { LiveMarker } from "./refresh/live-marker.tsx";
import { LiveRefresh, type LiveRefreshProps } from "./refresh/live-refresh.tsx";
import { ensureStarted } from "./route/start-kawa.ts";
// Last, so that modules of the app find all of the above.
import "#app-backend";

/** Props of {@link LiveUpdates}. */
export type LiveUpdatesProps = {
  /** Path of the route made with `createReactiveRoute`, without the app's `basePath`. @default "/api/reactive" */
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
export function LiveUpdates({
  src: path = "/api/reactive",
  refresh = "auto",
  identity,
  children,
}: LiveUpdatesProps): ReactElement {
  ensureStarted();
  if (!isPrerender()) requestScope().isFollowed = true;
  const src = routeAddress(path);
  return (
    <>
      {children === undefined ? null : (
        <LiveValues src={src} render={clientRender()}>
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

// `<LivePage>` tells of the render that it is in.
markOwnRun(LivePage);

type VersionedProps = { src: string; refresh: LiveRefreshProps["refresh"]; identity: string | undefined };

/** Whatever reads a signal makes the route dynamic by itself. A page that reads no signal stays as static as it is without Kawa. */
function clientRender(): Promise<string> {
  return isPrerender() && !isReadByClients() ? Promise.resolve(noRender) : requestScope().shareWithClients();
}

/** Tells the browser which versions this render shows. */
async function Versioned({ src, refresh, identity }: VersionedProps): Promise<ReactElement> {
  if (isPrerender()) return <LiveRefresh src={src} refresh={refresh} render={keptRenderId()} versions="" />;
  const versions = await shown();
  return <LiveRefresh src={src} refresh={refresh} identity={await identityTag(identity)} {...versions} />;
}

function keptRenderId(): string {
  return staticRenderId(nextWork()?.unit?.type === "request" ? createRenderId() : "");
}

async function Marked(): Promise<ReactElement | null> {
  if (isPrerender()) return null;
  return <LiveMarker {...await shown()} />;
}

async function shown(): Promise<{ render: string; versions: string }> {
  const scope = requestScope();
  await scope.markDynamic();
  await whenNothingOlderRuns();
  const backends = knownBackends();
  for (const id of scope.expectedBackends) {
    const backend = backends.get(id);
    if (backend) scope.noteVersion(backend);
  }
  const reads = scope.reads!;
  // The page and its layout tell the same, so that a stream can go on with either.
  reads.shownText ??= formatVersions({ ...toShownVersions(scope.versions.values()), "": Date.now() });
  return { render: scope.id, versions: reads.shownText };
}
