import type { RefreshWay, ShownRender } from "../protocol/stream-protocol.ts";
import type { RefreshStep } from "./refresh-queue.ts";

/** What is rendered for a change: what the change is of, or always the page or the route. */
export type LiveRefreshWay = "auto" | RefreshWay;

export type LiveTabOptions = {
  src: string;
  way: LiveRefreshWay;
  /**
   * Asks Next for a render, with the id `next` in place of `shown`; `LiveTab.commit` names `refreshCount` when it is there. The
   * `step` `page` navigates to the address that is shown.
   */
  refresh: (step: RefreshStep, refreshCount: number, next: string, shown: string) => void;
};

/** What React has committed. */
export type LiveCommit = {
  readonly shown: ShownRender;
  /** Numbers of the refresh and of the navigation that were committed last. */
  readonly refreshCount: number;
  readonly navigationCount: number;
};
