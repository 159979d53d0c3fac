"use client";
import { useReactive } from "kawa";
import { labDate } from "../../../../lib/signals.ts";

export function When({ name }: { name: string }) {
  const date = labDate(name);
  const shown = useReactive(date);
  return (
    <p>
      <output data-testid="date">{shown.toISOString()}</output>
      <button type="button" onClick={() => void date.update((before) => new Date(before.getTime() + 1_000))}>
        Add a second
      </button>
    </p>
  );
}
