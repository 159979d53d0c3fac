import { useReactive } from "kawa";
import { theme, themes } from "@/lib/signals";
import { chooseTheme } from "../actions";
import styles from "./theme-switcher.module.css";

export function ThemeSwitcher() {
  const current = useReactive(theme);

  return (
    <form action={chooseTheme} className={styles.switcher} aria-label="Theme, for everyone">
      <p className={styles.label}>
        Shared theme: <output data-testid="theme">{current}</output>
      </p>
      <div className={styles.choices}>
        {themes.map((name) => (
          <button key={name} name="theme" value={name} aria-pressed={name === current}>
            {name}
          </button>
        ))}
      </div>
    </form>
  );
}
