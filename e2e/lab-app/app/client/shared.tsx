"use client";
import { computed, publicMessage, useReactive, useSignalWrite } from "kawa";
import { useMemo, useSyncExternalStore } from "react";
import { labShared, labTheme, labThemes } from "../../lib/signals.ts";

/** A number that everybody shares, with what becomes of a write. */
export function Shared({ name, label = "client" }: { name: string; label?: string }) {
  const signal = labShared(name);
  const count = useReactive(signal);
  const double = useReactive(useMemo(() => computed(() => labShared(name).value * 2), [name]));
  const { set, isPending, error } = useSignalWrite(signal);
  return (
    <form
      aria-label={label}
      data-hydrated={useHydrated()}
      onSubmit={(event) => {
        event.preventDefault();
        void set(Number(new FormData(event.currentTarget).get("value")));
      }}
    >
      <output data-testid={label}>{count}</output> <output data-testid={`${label}-double`}>{double}</output>
      <input name="value" aria-label="Value" type="number" defaultValue={1} />
      <button type="submit">Set</button>
      <button type="button" onClick={() => void set((current) => current + 1)}>
        Add one
      </button>
      <output data-testid={`${label}-pending`}>{String(isPending)}</output>
      {error === undefined ? null : <p role="alert">{publicMessage(error)}</p>}
    </form>
  );
}

/** False in HTML and while the browser takes it over. */
function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  );
}

export function Theme({ name }: { name: string }) {
  const theme = labTheme(name);
  const current = useReactive(theme);
  return (
    <div role="group" aria-label="Theme">
      <output data-testid="theme">{current}</output>
      {labThemes.map((choice) => (
        <button key={choice} type="button" aria-pressed={choice === current} onClick={() => void theme.set(choice)}>
          {choice}
        </button>
      ))}
    </div>
  );
}
