"use server";

import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/score.ts";

/** The board, and again after each change: written by hand, as one would without a library. */
export async function watchBoard(shown: number): Promise<AsyncIterable<ReactElement>> {
  let last = shown;
  let wake = (): void => {};
  let isEnded = false;
  const listener = (): void => wake();
  score.listeners.add(listener);
  const end = async (): Promise<IteratorResult<ReactElement, undefined>> => {
    isEnded = true;
    score.listeners.delete(listener);
    wake();
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        while (!isEnded && score.value === last) await new Promise<void>((resolve) => (wake = resolve));
        if (isEnded) return { done: true, value: undefined };
        last = score.value;
        return { done: false, value: <Board score={last} /> };
      },
      return: end,
      throw: end,
    }),
  };
}
