"use client";
import { useSignalMutation, useSuspenseSignalQuery } from "kawa/query";
import { labTheme, labThemes } from "../../lib/signals.ts";

export function ThemeQuery({ name }: { name: string }) {
  const theme = labTheme(name);
  const { data } = useSuspenseSignalQuery(theme);
  const { mutate } = useSignalMutation(theme);
  return (
    <div role="group" aria-label="Theme">
      <output data-testid="theme">{data}</output>
      {labThemes.map((choice) => (
        <button key={choice} type="button" aria-pressed={choice === data} onClick={() => mutate(choice)}>
          {choice}
        </button>
      ))}
    </div>
  );
}
