import type { ShardRows } from "./shard-actor.ts";

/**
 * An actor that a copy reads or writes. Before each request the copy says that it is at work, if that is due: servers end one that says
 * nothing for long, and there is no saying how long keys that are many, or an actor that is busy, may take.
 *
 * @param beat rejects when the copy is to be given up
 */
export function beatingRows(rows: ShardRows, beat: () => Promise<void>): ShardRows {
  const beating =
    <Args extends unknown[], T>(ask: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await beat();
      return ask(...args);
    };
  return {
    layout: beating(() => rows.layout()),
    setLayout: beating((layout, over) => rows.setLayout(layout, over)),
    isEmpty: beating(() => rows.isEmpty()),
    list: beating((body) => rows.list(body)),
    rows: beating((body) => rows.rows(body)),
    changed: beating((seq) => rows.changed(seq)),
    read: beating((keys) => rows.read(keys)),
    write: beating((writes) => rows.write(writes)),
    close: () => rows.close(),
  };
}
