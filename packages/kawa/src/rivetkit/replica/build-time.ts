import { staticRefusal } from "../../core/work/static-refusal.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import { env } from "../settings/env.ts";

/** While an app is built, a backend reaches no actor. */
export class BuildTime {
  readonly #hasConnected: () => boolean;

  constructor(hasConnected: () => boolean) {
    this.#hasConnected = hasConnected;
  }

  /** A backend that has been connected is in no build. */
  get isNow(): boolean {
    return !this.#hasConnected() && env.isBuild;
  }

  /** @throws at build time, with what the app has done there */
  refuse(what: () => string): void {
    if (this.isNow) throw staticRefusal(what());
  }

  /** Next leaves out of a prerender what is not there within a turn, so at build time nothing pauses. */
  pauseIfDue(): Promise<void> | undefined {
    return this.isNow ? undefined : pauseIfDue();
  }
}
