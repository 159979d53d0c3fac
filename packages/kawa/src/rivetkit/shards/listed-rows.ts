import type { LifeRow, Row } from "../wire/protocol.ts";
import type { ShardRows } from "./shard-actor.ts";

const readCount = 1_000;

export type ListedPage = { readonly rows: readonly Row[]; readonly lives: readonly LifeRow[] };

/** The rows of an actor that begin with a prefix, but those of collections. Those that are added behind the last one meanwhile are left out. */
export async function* pagesUnder(source: ShardRows, prefix: string, withValues: boolean): AsyncGenerator<ListedPage> {
  const ask = (after: string) => source.list({ prefix, after, withValues, withLives: true });
  for await (const { page, last } of pagesUpToLast(ask)) yield { rows: upTo(page.rows, last), lives: page.lives ?? [] };
}

/** The rows of a collection in the order of their ids. Those that are added behind the last one meanwhile are left out. */
export async function* pagesOfCollection(
  source: ShardRows,
  collection: string,
  withValues: boolean,
): AsyncGenerator<readonly Row[]> {
  const ask = (after: string) => source.rows({ collection, after, withValues });
  for await (const { page, last } of pagesUpToLast(ask)) yield upTo(page.rows, last && `${collection}:${last}`);
}

/** In the order of the keys, as many at a time as one answer brings. */
export async function* valuesOf(source: ShardRows, keys: readonly string[]): AsyncGenerator<readonly Row[]> {
  let done = 0;
  while (done < keys.length) {
    const { rows } = await source.read(keys.slice(done, done + readCount));
    yield rows;
    done += rows.length;
  }
}

/** Writers may add rows faster than they are read: without an end that is known at first there may be none. */
async function* pagesUpToLast<Page extends { readonly after: string | null; readonly last?: string }>(
  ask: (after: string) => Promise<Page>,
): AsyncGenerator<{ readonly page: Page; readonly last: string | undefined }> {
  let last: string | undefined;
  for (let after: string | null = ""; after !== null && (last === undefined || after < last);) {
    const page: Page = await ask(after);
    last ??= page.last;
    yield { page, last };
    ({ after } = page);
  }
}

function upTo(rows: readonly Row[], last: string | undefined): readonly Row[] {
  return last === undefined ? rows : rows.filter(([key]) => key <= last);
}
