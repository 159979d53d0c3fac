/**
 * A point in the history of one backend. `seq` grows by one with every batch of writes; `epoch` names the history, and
 * changes only when the store was made anew.
 */
export type Version = { readonly epoch: string; readonly seq: number };

/** The versions of several backends by backend id, as a render or a browser knows them. */
export type VersionVector = Readonly<Record<string, Version>>;

const pattern = /^([^=;@]+)=([\w-]*)@(\d+)$/;

/** Writes a vector as `id=epoch@seq;…`, safe in a URL's query and in HTML. Ids are percent-encoded. */
export function formatVersions(vector: VersionVector): string {
  return Object.entries(vector)
    .map(([id, { epoch, seq }]) => `${encodeURIComponent(id)}=${epoch}@${seq}`)
    .join(";");
}

/** Reads what {@link formatVersions} wrote. Parts that are malformed are left out: they count as "never seen". */
export function parseVersions(text: string): VersionVector {
  const vector: Record<string, Version> = Object.create(null);
  for (const part of text.split(";")) {
    const match = pattern.exec(part);
    if (!match) continue;
    try {
      vector[decodeURIComponent(match[1]!)] = { epoch: match[2]!, seq: Number(match[3]) };
    } catch {
      // A broken percent sequence: treat the part as absent.
    }
  }
  return vector;
}
