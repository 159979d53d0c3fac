import { actor, event } from "rivetkit";
import { db } from "rivetkit/db";

/** The part of an actor's context that works from anywhere in its process. */
export type BareContext = {
  readonly db: { execute(sql: string, ...args: unknown[]): Promise<unknown[]> };
  broadcast(name: "changed", text: string): void;
};

/** Contexts of the bare actors that live in this process. */
export const bareContexts: Set<BareContext> = new Set();

/** The shortest durable write that an actor of RivetKit can do. */
export async function commit(context: BareContext, key: string, text: string): Promise<void> {
  await context.db.execute(
    "INSERT INTO texts (key, text) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text",
    key,
    text,
  );
}

/** What Kawa's actor is compared with: RivetKit as it comes, without Kawa. */
export const bareActor = actor({
  options: { sleepTimeout: 600_000 },
  db: db({
    onMigrate: async (database) => {
      await database.execute("CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID");
    },
  }),
  createVars: () => ({ context: undefined as BareContext | undefined }),
  events: { changed: event<string>() },
  onWake: (c) => {
    c.vars.context = c;
    bareContexts.add(c);
  },
  onSleep: (c) => {
    if (c.vars.context) bareContexts.delete(c.vars.context);
  },
  actions: {
    commit: (c, key: string, text: string) => commit(c, key, text),
    broadcast: (c, text: string) => c.broadcast("changed", text),
  },
});
