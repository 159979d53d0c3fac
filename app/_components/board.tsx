import { useReactive } from "kawa";
import Link from "next/link";
import type { ComponentProps, CSSProperties } from "react";
import type { Account } from "@/lib/accounts";
import { mayMove } from "@/lib/identity";
import { board, type Person, type Position } from "@/lib/people";
import { everyone } from "@/lib/signals";
import { movePerson } from "../actions";
import { AccountBar } from "./account-bar";
import { Arrows } from "./arrows";
import { MoveForm } from "./move-form";
import styles from "./board.module.css";

const cells = Array.from({ length: board.columns * board.rows }, (_, index) => ({
  x: index % board.columns,
  y: Math.floor(index / board.columns),
}));

type BoardProps = { chosen: Person; account: Account | undefined };

export function Board({ chosen, account }: BoardProps) {
  const placed = useReactive(everyone);
  const identity = { userId: account?.id, isAdmin: account?.isAdmin ?? false };

  return (
    <section className={`card ${styles.section}`} aria-labelledby="board">
      <div className={styles.heading}>
        <h2 id="board">Positions</h2>
        <p>Choose a person, then click a place or use the arrows.</p>
      </div>

      <MoveForm key={account?.id ?? ""} action={movePerson} person={chosen} className={styles.moves}>
        <div className={styles.board} style={{ "--columns": board.columns, "--rows": board.rows } as CSSProperties}>
          <div className={styles.cells}>
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
          </div>
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
                    <span className={styles.name}>
                      {person.name}
                      {mayMove(identity, person.id) ? null : <Lock />}
                    </span>{" "}
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
      </MoveForm>
      <AccountBar account={account} />
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

/** Somebody else's person. It can be tried all the same, and is refused. */
function Lock() {
  return (
    <>
      <span className="visually-hidden">, not yours to move</span>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d="M3.5 5.5V4a2.5 2.5 0 0 1 5 0v1.5" />
        <rect x="2" y="5.5" width="8" height="5" rx="1" />
      </svg>
    </>
  );
}

type ChoosePersonProps = Omit<ComponentProps<typeof Link>, "href"> & { person: Person };

function ChoosePerson({ person, ...props }: ChoosePersonProps) {
  return <Link href={`/?as=${person.id}`} replace scroll={false} prefetch={false} {...props} />;
}
