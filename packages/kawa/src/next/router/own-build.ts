import { backoff } from "../../core/process/backoff.ts";

/** An answer, and whether it is of no server with the build of this page. */
export type Attempt = { readonly response: Response; readonly isForeign: boolean };

/** What an answer is for: an action of the app or of Kawa, another page, or what is shown already. */
export type AskedFor = "click" | "action" | "navigation" | "refresh";

/** Pauses become longer after so many attempts, which only a refresh has. */
const quickCount = 40;
/** As if so many attempts had been made: the next pauses are of a second at most. */
const soonCount = 43;
/** An action of the app comes from a click: it meets its server also where few are left. */
const maxAttempts: Readonly<Record<AskedFor, number>> = {
  click: quickCount,
  action: 12,
  navigation: 12,
  refresh: Infinity,
};
const pause = { firstMs: 100, maxMs: 300_000 };

/** True while actions of Kawa find no server that has the build of this page. A tab asks often, and they may be refused. */
let isGone = false;

/** There may be a server of the page's own build again: a refresh that waits for one asks soon. */
export let askSoon = (): void => {};

/**
 * Asks until a server answers that has the build of this page: behind a balancer each attempt may reach another one. A server of another
 * build has run nothing, or has rendered what nobody shows. An action that none of them knows has the answer that says so; a refresh has no
 * answer then, since Next would load the page anew. It waits while its page is left: whoever goes back is shown what it brings.
 *
 * @param isShown undefined where another refresh has taken its place: then nobody waits for an answer
 */
export async function askOwnBuild(
  attempt: () => Promise<Attempt>,
  askedFor: AskedFor,
  isShown?: () => boolean | undefined,
): Promise<Response> {
  const most = isGone && askedFor === "action" ? 1 : maxAttempts[askedFor];
  let answer = await attempt();
  for (let count = 1; answer.isForeign && count <= most; count += 1) {
    void answer.response.body?.cancel().catch(() => {});
    const pauseMs = Math.random() * backoff(pause, Math.max(1, count - quickCount));
    await new Promise<void>((resolve) => {
      if (count > quickCount)
        askSoon = () => {
          count = soonCount;
          resolve();
        };
      setTimeout(resolve, pauseMs);
    });
    const isWanted = isShown ? isShown() : true;
    if (isWanted === undefined) return new Promise(() => {});
    if (isWanted) answer = await attempt();
    else count = soonCount;
  }
  if (askedFor === "action") isGone = answer.isForeign;
  return answer.isForeign && askedFor !== "navigation"
    ? new Response(null, { headers: { "x-nextjs-action-not-found": "1" } })
    : answer.response;
}
