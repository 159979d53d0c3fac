"use client";
import { type ReactElement, useLayoutEffect, useRef } from "react";

/** The app itself keeps it at its end. */
export function PinnedChat({ count }: { count: number }): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [count]);
  return (
    <div ref={box} data-testid="chat" style={{ height: 120, overflowY: "auto" }}>
      {Array.from({ length: 20 + count }, (_, index) => (
        <p key={index} style={{ height: 40, margin: 0 }}>{`Message ${index + 1}`}</p>
      ))}
    </div>
  );
}
