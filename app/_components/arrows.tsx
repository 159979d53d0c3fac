import type { Direction, Person } from "@/lib/people";
import styles from "./arrows.module.css";

const arrows = [
  { direction: "left", path: "M16 10H4M9 5l-5 5 5 5" },
  { direction: "up", path: "M10 16V4M5 9l5-5 5 5" },
  { direction: "down", path: "M10 4v12M5 11l5 5 5-5" },
  { direction: "right", path: "M4 10h12M11 5l5 5-5 5" },
] as const satisfies { direction: Direction; path: string }[];

/** Buttons of the form around them. */
export function Arrows({ person }: { person: Person }) {
  return (
    <div className={styles.arrows}>
      {arrows.map(({ direction, path }) => (
        <button
          key={direction}
          className={`button ${styles[direction]}`}
          name="direction"
          value={direction}
          aria-label={`Move ${person.name} ${direction}`}
        >
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
            <path d={path} />
          </svg>
        </button>
      ))}
    </div>
  );
}
