"use client";
import { type ReactElement, useState } from "react";

export function Clicker(): ReactElement {
  const [count, setCount] = useState(0);
  return (
    <>
      <button onClick={() => setCount(count + 1)}>Clicked {count}</button>
      <input aria-label="Note" />
    </>
  );
}
