"use client";
import { useState } from "react";

/** Counts in the browser alone. */
export function Clicks() {
  const [count, setCount] = useState(0);
  return (
    <button type="button" onClick={() => setCount((before) => before + 1)}>
      Clicked {count}
    </button>
  );
}
