"use client";
import { type ReactNode, startTransition, useEffect, useState } from "react";
import { watchBoard } from "./actions.tsx";

export function LiveBoard({ shown, children }: { shown: number; children: ReactNode }): ReactNode {
  const [board, setBoard] = useState(children);
  useEffect(() => {
    let isShown = true;
    const follow = async (): Promise<void> => {
      for await (const next of await watchBoard(shown)) {
        if (!isShown) return;
        startTransition(() => setBoard(next));
      }
    };
    follow().catch(() => {});
    return () => {
      isShown = false;
    };
  }, [shown]);
  return board;
}
