"use client";
import { publicMessage, useReactive, useSignalWrite } from "kawa";
import { useActionState } from "react";
import { theme, themes } from "@/lib/signals";
import { chooseTheme } from "../actions";
import styles from "./theme-switcher.module.css";

/** Shows a choice at once, and takes it back with a word when it could not be kept. Without JavaScript it is a plain form. */
export function ThemeSwitcher() {
  const current = useReactive(theme);
  const { set, error } = useSignalWrite(theme);
  const [refusal, choose] = useActionState(chooseTheme, undefined);
  const reason = error === undefined ? refusal : publicMessage(error);

  return (
    <form action={choose} className={styles.switcher} aria-label="Theme, for everyone">
      <p className={styles.label}>
        Shared theme: <output data-testid="theme">{current}</output>
      </p>
      <div className={styles.choices}>
        {themes.map((name) => (
          <button
            key={name}
            name="theme"
            value={name}
            aria-pressed={name === current}
            onClick={(event) => {
              event.preventDefault();
              void set(name);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      {reason === undefined ? null : (
        <p role="alert" className={styles.error}>
          The theme was not changed. {reason}
        </p>
      )}
    </form>
  );
}
