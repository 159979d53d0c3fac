import { useReactive } from "kawa";
import Link from "next/link";
import type { ComponentProps, CSSProperties } from "react";
import { board, type Person, type Position } from "@/lib/people";
import { everyone } from "@/lib/signals";
import { placePerson } from "../actions";
import { Arrows } from "./arrows";
import styles from "./board.module.css";

const cells = Array.from({ length: board.columns * board.rows }, (_, index) => ({
  x: index % board.columns,
  y: Math.floor(index / board.columns),
}));

export function Board({ chosen }: { chosen: Person }) {
  const placed = useReactive(everyone);

  return (
    <section className={`card ${styles.section}`} aria-labelledby="board">
      <div className={styles.heading}>
        <h2 id="board">Positions</h2>
        <p>Choose a person, then click a place or use the arrows.</p>
      </div>

      <div className={styles.board} style={{ "--columns": board.columns, "--rows": board.rows } as CSSProperties}>
        <form action={placePerson} className={styles.cells} aria-label={`Place ${chosen.name} on the board`}>
          <input type="hidden" name="person" value={chosen.id} />
          {cells.map(({ x, y }) => (
            // The arrows do the same by keyboard, in fewer stops.
            <button
              key={`${x},${y}`}
              name="cell"
              value={`${x},${y}`}
              aria-label={`Place ${chosen.name} at x ${x}, y ${y}`}
              tabIndex={-1}
            />
          ))}
        </form>
        {placed.map((person, index) => (
          <div
            key={person.id}
            className={styles.place}
            style={placeStyle(placed, index)}
            data-chosen={person.id === chosen.id || undefined}
          >
            <ChoosePerson person={person} tabIndex={-1} aria-hidden="true" className={styles.token}>
              {person.name[0]}
            </ChoosePerson>
          </div>
        ))}
      </div>

      <div className={styles.controls}>
        <nav aria-label="Person to move">
          <ul className={styles.people}>
            {placed.map((person) => (
              <li key={person.id}>
                <ChoosePerson
                  person={person}
                  className={styles.person}
                  aria-current={person.id === chosen.id ? "true" : undefined}
                >
                  {person.name}{" "}
                  <span className={styles.position} data-testid={`position-${person.id}`}>
                    {`x ${person.x}, y ${person.y}`}
                  </span>
                </ChoosePerson>
              </li>
            ))}
          </ul>
        </nav>
        <Arrows person={chosen} />
        <p className="visually-hidden" role="status">
          {placed.filter(({ id }) => id === chosen.id).map(({ name, x, y }) => `${name} is at x ${x}, y ${y}`)}
        </p>
      </div>
    </section>
  );
}

/** Tokens that share a place are spread around its middle. */
function placeStyle(placed: readonly Position[], index: number): CSSProperties {
  const { x, y } = placed[index]!;
  const isHere = (other: Position) => other.x === x && other.y === y;
  const before = placed.slice(0, index).filter(isHere).length;
  const shift = before - (placed.filter(isHere).length - 1) / 2;
  return { "--x": x, "--y": y, "--shift": shift } as CSSProperties;
}

type ChoosePersonProps = Omit<ComponentProps<typeof Link>, "href"> & { person: Person };

function ChoosePerson({ person, ...props }: ChoosePersonProps) {
  return <Link href={`/?as=${person.id}`} replace scroll={false} prefetch={false} {...props} />;
}
