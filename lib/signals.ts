import { computed, namespace } from "kawa";
import * as v from "valibot";
import { clampToBoard, findPerson, people, type Position } from "./people";

const app = namespace("app");

export const counter = app.signal("counter", 0);

/** One theme for everyone who looks; `system` follows each browser until somebody chooses. */
export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];
export const theme = app.signal<Theme>("theme", "system", { expose: "write", schema: v.picklist(themes) });

/** The windows that show the board. One is gone ten seconds after its browser was last heard of, at once when it is closed. */
export const windows = app.family((id: string) => ({ key: `windows:${id}`, default: "open" as const }), {
  expose: "write",
  schema: v.literal("open"),
  ttlMs: 10_000,
});

const users = namespace("users");

/** One signal a person: `users:alice:position`, `users:bob:position` and so on. */
export const userPosition = users.family((userId: string) => ({
  key: `${userId}:position`,
  default: findPerson(userId)?.start ?? ({ x: 0, y: 0 } as Position),
}));

/** Everyone with their place, for those who draw the whole board. */
export const everyone = computed(() =>
  people.map((person) => ({ ...person, ...clampToBoard(userPosition(person.id).value) })),
);
