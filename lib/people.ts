export type Position = { readonly x: number; readonly y: number };

export const board = { columns: 8, rows: 5 } as const;

export type Person = {
  readonly id: string;
  readonly name: string;
  readonly start: Position;
  /** They sign in and move by themselves. The others are moved by whoever is here. */
  readonly hasAccount: boolean;
};

export const people = [
  { id: "alice", name: "Alice", start: { x: 1, y: 1 }, hasAccount: true },
  { id: "bob", name: "Bob", start: { x: 5, y: 0 }, hasAccount: true },
  { id: "chika", name: "Chika", start: { x: 3, y: 3 }, hasAccount: false },
  { id: "dario", name: "Dario", start: { x: 6, y: 2 }, hasAccount: false },
  { id: "elif", name: "Elif", start: { x: 0, y: 4 }, hasAccount: false },
  { id: "farid", name: "Farid", start: { x: 7, y: 4 }, hasAccount: false },
] as const satisfies readonly Person[];

export const directions = ["up", "left", "right", "down"] as const;
export type Direction = (typeof directions)[number];

const steps: Record<Direction, Position> = {
  up: { x: 0, y: -1 },
  left: { x: -1, y: 0 },
  right: { x: 1, y: 0 },
  down: { x: 0, y: 1 },
};

export function findPerson(id: unknown): Person | undefined {
  return people.find((person) => person.id === id);
}

/** The place one step further; at the edge of the board it is the same place. */
export function step({ x, y }: Position, direction: Direction): Position {
  const { x: dx, y: dy } = steps[direction];
  return clampToBoard({ x: x + dx, y: y + dy });
}

/** The nearest place on the board: a stored position may be older than the size of the board. */
export function clampToBoard({ x, y }: Position): Position {
  return {
    x: Math.min(Math.max(x, 0), board.columns - 1),
    y: Math.min(Math.max(y, 0), board.rows - 1),
  };
}
