"use client";
import { useLiveStatus } from "kawa/next/client";

export function Status() {
  const { state, isOutdated } = useLiveStatus();
  return (
    <>
      <p role="status" data-state={state} data-testid="live">
        {isOutdated ? "There is a newer version of this page." : state}
      </p>
      <label>
        Note <textarea />
      </label>
    </>
  );
}
