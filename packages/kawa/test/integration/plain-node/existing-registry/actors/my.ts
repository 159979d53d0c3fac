import { actor, event } from "rivetkit";
import { db } from "rivetkit/db";

export const myActor = actor({
  state: { count: 0 },
  db: db({
    onMigrate: async (database) => void (await database.execute("CREATE TABLE IF NOT EXISTS log (line TEXT)")),
  }),
  events: { counted: event<number>() },
  onWake: (c) => void (c.state.count += 0),
  actions: {
    add: async (c, by: number) => {
      c.state.count += by;
      await c.saveState({ immediate: true });
      c.broadcast("counted", c.state.count);
      return c.state.count;
    },
    count: (c) => c.state.count,
    log: {
      write: async (c, line: string) => void (await c.db.execute("INSERT INTO log VALUES (?)", line)),
      read: async (c) => (await c.db.execute<{ line: string }>("SELECT line FROM log")).map(({ line }) => line),
    },
    fail: () => {
      throw new Error("a secret of the server");
    },
  },
});
