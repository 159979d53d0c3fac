"use client";
import { useReactive } from "kawa";
import { useLiveStatus } from "kawa/next/client";
import { type ReactElement, useEffect } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/signals.ts";

export function ClientBoard(): ReactElement {
  const { state } = useLiveStatus();
  useEffect(() => {
    Object.assign(globalThis, { writeScore: (value: number) => score.set(value) });
  }, []);
  return (
    <div data-live={state === "live"}>
      <Board score={useReactive(score)} />
    </div>
  );
}
