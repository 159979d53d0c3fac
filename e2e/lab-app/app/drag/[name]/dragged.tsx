"use client";
import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labShared } from "../../../lib/signals.ts";

const things = Array.from({ length: 10 }, (_, index) => index);
const frameCount = 60;

/** Ten things that move together for a second, a step in each frame. */
export function Dragged({ name }: { name: string }): ReactElement {
  const signalOf = (thing: number) => labShared(`${name}-${thing}`);
  const drag = (): void => {
    let frame = 0;
    const step = (): void => {
      frame += 1;
      for (const thing of things) void signalOf(thing).set(frame * 100 + thing);
      if (frame < frameCount) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
  return (
    <>
      <button onClick={drag}>Drag</button>
      <output data-testid="places">{things.map((thing) => useReactive(signalOf(thing))).join(" ")}</output>
    </>
  );
}
