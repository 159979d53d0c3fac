import type { LifeRow, Row } from "../wire/protocol.ts";
import type { ShardRows } from "./shard-actor.ts";

const readCount = 1_000;

export type ListedPage = { readonly rows: readonly Row[]; readonly lives: readonly LifeRow[] };

/** The rows of an actor that begin with a prefix, but those of collections. */
export async function* pagesUnder(source: ShardRows, prefix: string, withValues: boolean): AsyncGenerator<ListedPage> {
  let after: string | null = "";
  while (after !== null) {
    const page: Awaited<ReturnType<ShardRows["list"]>> = await source.list({
      prefix,
      after,
      withValues,
      withLives: true,
    });
    yield { rows: page.rows, lives: page.lives ?? [] };
    ({ after } = page);
  }
}

/** The rows of a collection in the order of their ids. */
export async function* pagesOfCollection(
  source: ShardRows,
  collection: string,
  withValues: boolean,
): AsyncGenerator<readonly Row[]> {
  let after: string | null = "";
  while (after !== null) {
    const page: Awaited<ReturnType<ShardRows["rows"]>> = await source.rows({ collection, after, withValues });
    yield page.rows;
    ({ after } = page);
  }
}

/** In the order of the keys. */
export async function* valuesOf(source: ShardRows, keys: readonly string[]): AsyncGenerator<Row> {
  let done = 0;
  while (done < keys.length) {
    const { rows } = await source.read(keys.slice(done, done + readCount));
    yield* rows;
    done += rows.length;
  }
}
