import { routeAddress } from "../protocol/route-address.ts";

/** When a page asks what the server has noticed: some of it is noticed after the page was loaded. In milliseconds. */
const askAfterMs = [1_500, 5_000];
const shown = new Set<string>();
let askedSrc: string | undefined;

/** For development alone: shows what the app has forgotten, as the server or this page has noticed it. Idempotent. */
export function watchNotices(src: string = routeAddress("/api/reactive")): void {
  if (askedSrc === src) return;
  askedSrc = src;
  for (const delayMs of askAfterMs) setTimeout(() => askedSrc === src && void ask(src), delayMs);
}

async function ask(src: string): Promise<void> {
  try {
    const response = await fetch(`${src}?notices`, { cache: "no-store" });
    if (response.ok) for (const text of (await response.json()) as string[]) showNotice(text);
  } catch {
    // No such route: the stream says so.
  }
}

/** The stream was not answered by a route of `createReactiveRoute`. Next also prints it where the server runs. */
export function tellMissingRoute(problem: string): void {
  const text =
    `This page is not live. Its stream was not opened (${problem}). Write app/api/reactive/route.ts: ` +
    `export const { GET, POST, PUT } = createReactiveRoute({ signals }). Where the route is elsewhere, <LiveUpdates src="/its/path"> names ` +
    `its path without the basePath of next.config. A middleware that redirects who has not signed in leaves the route out. (ROUTE_MISSING)`;
  if (shown.has(text)) return;
  console.error(`[kawa] ${text}`);
  showNotice(text);
}

function showNotice(text: string): void {
  if (shown.has(text)) return;
  shown.add(text);
  const box = document.createElement("div");
  box.setAttribute("role", "status");
  box.dataset["kawaNotice"] = /\((\w+)\)$/.exec(text)?.[1] ?? "";
  // A style sheet would need the permission of the app's content security policy.
  Object.assign(box.style, {
    position: "fixed",
    inset: `auto 16px ${16 + 8 * shown.size}px auto`,
    zIndex: "2147483647",
    maxWidth: "420px",
    padding: "12px 16px",
    font: "13px/1.45 system-ui, sans-serif",
    color: "#fff",
    background: "#7a1f1f",
    borderRadius: "8px",
    cursor: "pointer",
  });
  box.title = "Click to close. Development only.";
  box.textContent = `Kawa: ${text}`;
  box.addEventListener("click", () => box.remove());
  document.body.append(box);
}
