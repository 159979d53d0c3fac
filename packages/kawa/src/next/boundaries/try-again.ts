import { startTransition } from "react";
import { withTimeout } from "../../core/process/with-timeout.ts";
import { whenArrived } from "./arrived-content.ts";
import { type CaughtBoundary, isCaught } from "./caught-boundaries.ts";

/** Longest wait for a late part of the page, in milliseconds. */
const arrivalLimitMs = 5_000;

const tried = new WeakMap<CaughtBoundary, unknown>();

/** Has a boundary show what it was given since it caught something. */
export async function tryAgain(boundary: CaughtBoundary): Promise<void> {
  const { children } = boundary.props;
  if (tried.get(boundary) === children) return;
  tried.set(boundary, children);
  // Before all is there, a part that fails late would show the page for a moment.
  const digest = await withTimeout(whenArrived(children), arrivalLimitMs, () => undefined);
  if (boundary.props.children !== children || !isCaught(boundary)) return;
  // React would build what is shown anew, without what was typed into it.
  if (digest !== undefined && digest === `NEXT_HTTP_ERROR_FALLBACK;${boundary.state.triggeredStatus}`) return;
  startTransition(() => boundary.setState({ error: null, triggeredStatus: undefined }));
}
