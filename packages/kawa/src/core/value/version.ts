/**
 * A point in the history of one backend. `seq` grows by one with every batch of writes; `epoch` names the history, and
 * changes only when the store was made anew.
 */
export type Version = { readonly epoch: string; readonly seq: number };

/**
 * Versions as browsers know them: what each history has reached, by its epoch. An epoch is random, and tells nobody which backend it
 * is of. Under the empty epoch stands when a render was made, in milliseconds since the epoch of clocks.
 */
export type ShownVersions = Readonly<Record<string, number>>;

const pattern = /^([\w-]*)@(\d+)$/;

export function toShownVersions(versions: Iterable<Version>): ShownVersions {
  return Object.fromEntries(Array.from(versions, ({ epoch, seq }) => [epoch, seq]));
}

/** Writes versions as `epoch@seq;…`, safe in a URL's query and in HTML. */
export function formatVersions(versions: ShownVersions): string {
  return Object.entries(versions)
    .map(([epoch, seq]) => formatVersion({ epoch, seq }))
    .join(";");
}

export function formatVersion({ epoch, seq }: Version): string {
  return `${epoch}@${seq}`;
}

/** Reads what {@link formatVersions} wrote. Parts that are malformed are left out: they count as "never seen". */
export function parseVersions(text: string): ShownVersions {
  const versions: Record<string, number> = Object.create(null);
  for (const part of text.split(";")) {
    const [, epoch, seq] = pattern.exec(part) ?? [];
    if (epoch !== undefined) versions[epoch] = Number(seq);
  }
  return versions;
}
