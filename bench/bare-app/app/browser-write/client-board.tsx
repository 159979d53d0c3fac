"use client";
import { type ReactElement, useEffect, useState } from "react";
import { Board } from "../../../board.tsx";

/** A score that is followed and written from the browser, as one would without a library. */
export function ClientBoard({ initial }: { initial: number }): ReactElement {
  const [score, setScore] = useState(initial);
  const [isLive, setIsLive] = useState(false);
  useEffect(() => {
    const writeScore = async (value: number): Promise<void> => {
      setScore(value);
      await fetch("/api/score", { method: "POST", body: String(value) });
    };
    Object.assign(globalThis, { writeScore });
    const source = new EventSource("/api/values");
    source.onmessage = ({ data }) => {
      setScore(Number(data));
      setIsLive(true);
    };
    return () => source.close();
  }, []);
  return (
    <div data-live={isLive}>
      <Board score={score} />
    </div>
  );
}
