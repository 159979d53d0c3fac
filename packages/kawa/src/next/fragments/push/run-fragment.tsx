import type { ReactNode } from "react";
import type { ShownVersions } from "../../../core/value/version.ts";
import { fragmentScope } from "../../../react/render/fragment-scope.ts";
import type { RenderReads } from "../../../react/render/render-reads.ts";
import type { Run } from "../../../react/render/wrap-components.ts";
import type { FragmentRef } from "../../protocol/push-protocol.ts";
import type { FragmentComponent } from "./fragment-registry.ts";
import type { SharedRun } from "./shared-run.ts";
import { sharedRuns } from "./shared-runs.ts";

/** A fragment that a tab shows, and asks for. */
export type PushedFragment = {
  /** Its places in the request. */
  readonly indexes: readonly number[];
  readonly ref: FragmentRef;
  readonly component: FragmentComponent;
  readonly props: object;
};

/** A fragment whose reads are followed. */
export type FollowedFragment = PushedFragment & {
  readonly reads: RenderReads;
  /** Versions that the browser shows, or will show. */
  versions: ShownVersions;
  /** How often something had changed in this process when it was rendered; undefined where another process has rendered it. */
  changeCount: number | undefined;
  /** What its components have taken in this round, in milliseconds. */
  spentMs: number;
};

/** Runs a fragment in the present render. What is the same for all tabs is run once for them. */
export function runFragment(fragment: FollowedFragment): ReactNode | Promise<ReactNode> {
  const { component, props, ref } = fragment;
  const run = sharedRuns().of({ token: ref.token, component, props });
  return run ? showShared(run, fragment) : runAlone(fragment);
}

function showShared(run: SharedRun, fragment: FollowedFragment): ReactNode | Promise<ReactNode> {
  if (run.state === "running") return run.settled.then(() => showShared(run, fragment));
  // After a wait there are no hooks but in an element.
  const Alone = (): ReactNode | Promise<ReactNode> => runAlone(fragment);
  if (run.state !== "done") return <Alone />;
  run.tell(fragment.reads);
  return run.node;
}

function runAlone(fragment: FollowedFragment): ReactNode | Promise<ReactNode> {
  const timed: Run = (component) => {
    const startedAt = performance.now();
    try {
      return component();
    } finally {
      fragment.spentMs += performance.now() - startedAt;
    }
  };
  return fragmentScope().run(fragment.reads, () => fragment.component(fragment.props), timed);
}
