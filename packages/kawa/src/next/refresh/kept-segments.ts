import { listSegments } from "#router-segments";

/**
 * Looks for segments that Next shows from what it keeps, and that may be older than the last render of the route: their readers are
 * forgotten by then, so that nobody would hear of what they miss.
 */
export class KeptSegments {
  #shown: ReturnType<typeof listSegments> | undefined;
  /** Something was rendered since Next has thrown away all that it kept. */
  #mayBeOlder = false;
  /** Something was kept over the last refresh all the same. */
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
