import { KawaError } from "../../core/errors/errors.ts";
import { isNextBuild } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";

const maxRoutes = 10;

/** Keys that a route was waiting for when Next had prerendered it at build time, by route. */
type PrerenderedReads = Map<string, Set<string>>;

/**
 * Remembers a read that waits for a request. Inside of `<Suspense>` that is right. Outside of it Next fails the build with an error that
 * speaks of `connection()`, which the page has not called. So a build that fails names the reads.
 */
export function notePrerenderedRead(reason: unknown, name: string): void {
  const route = (reason as { route?: unknown } | undefined)?.route;
  if (!isNextBuild() || typeof route !== "string") return;
  const reads = processState("prerendered-reads", explainAtExit);
  reads.set(route, (reads.get(route) ?? new Set()).add(name));
}

function explainAtExit(): PrerenderedReads {
  const reads: PrerenderedReads = new Map();
  process.once("exit", (code) => {
    if (code !== 0) console.error(String(explainPrerender(reads)));
  });
  return reads;
}

function explainPrerender(reads: PrerenderedReads): KawaError {
  // The route that ends the build is among the last ones.
  const routes = [...reads]
    .toReversed()
    .slice(0, maxRoutes)
    .map(([route, names]) => `\n  Route "${route}" reads ${[...names].join(", ")}`);
  return new KawaError(
    "RENDER_STATIC",
    `These routes read signals, which Next's errors call \`connection()\`:${routes.join("")}\n` +
      `If Next names one of them above, put the component that reads into <Suspense>, or write "export const instant = false" into the page.`,
  );
}
