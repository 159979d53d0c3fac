import { listSegments } from "#router-segments";

/**
 * Finds segments that Next shows from its router cache and that may be older than the last render of the route. The stream follows that
 * render and not theirs, so their changes would go unnoticed.
 */
export class KeptSegments {
  #shown: ReturnType<typeof listSegments> | undefined;
  /** Something was rendered since Next's router cache was last emptied. */
  #mayBeOlder = false;
  /** A kept segment outlived the last refresh all the same. */
  #isStuck = false;

  /**
   * Something was committed; `isRender` where that replaces what was shown, `isAnew` where Next keeps nothing over it. Returns true where a
   * part of it has to be rendered again.
   */
  commit(isRender: boolean, isAnew: boolean): boolean {
    const before = this.#shown;
    if (isRender && before) this.#mayBeOlder = !isAnew;
    this.#shown = listSegments();
    const isOlder =
      this.#mayBeOlder && [...this.#shown].some(([content, drop]) => drop && (isRender || !before!.has(content)));
    this.#isStuck = isOlder && isRender;
    return isOlder;
  }

  /** A refresh starts. Returns false where it has to be one over which Next keeps nothing. */
  drop(): boolean {
    for (const drop of listSegments().values()) if (drop) drop();
    return !this.#isStuck;
  }
}
