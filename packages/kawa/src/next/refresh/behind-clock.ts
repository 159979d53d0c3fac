import { parseVersions } from "../../core/value/version.ts";
import { isAhead } from "../protocol/is-ahead.ts";
import type { RefreshWay } from "../protocol/stream-protocol.ts";
import type { ShownVersions } from "./refresh-queue.ts";

/** An announcement without versions is shown by any later render. */
type Announced = { readonly versions: string; readonly way: RefreshWay; readonly at: number };

/**
 * Tells since when a tab shows less than there is. Under a steady stream of changes it always does, and each render still shows what was
 * announced before that render began.
 */
export class BehindClock {
  /** The oldest announcement that is not shown. */
  #oldest: Announced | undefined;
  /** The oldest announcement since the last refresh began: that refresh may show the earlier ones. */
  #next: Announced | undefined;

  /** When the oldest announcement that is not shown came, on the clock of `performance.now()`; undefined when all is shown. */
  get since(): number | undefined {
    return this.#oldest?.at;
  }

  announce(versions: string, way: RefreshWay): void {
    const announced: Announced = { versions, way, at: performance.now() };
    if (this.#oldest) this.#next ??= announced;
    else this.#oldest = announced;
  }

  /** A refresh begins. */
  begin(): void {
    this.#next = undefined;
  }

  /** Forgets all announcements: all is shown. */
  clear(): void {
    this.#oldest = this.#next = undefined;
  }

  /** A refresh has ended, and the next one has not begun. */
  end(shown: ShownVersions): void {
    if (this.#next && this.#oldest && isShown(this.#oldest, shown)) {
      this.#oldest = this.#next;
      this.#next = undefined;
    }
  }
}

/** A history that the render does not name counts as shown: the tab knows nothing better. */
function isShown({ versions, way }: Announced, { route, page }: ShownVersions): boolean {
  const own = (way === "page" ? page : undefined) ?? route;
  return !isAhead(parseVersions(versions), parseVersions(own), false);
}
