/** The least that a render shows: the number of the newest value that it has read, by epoch. */
export type MinVersions = Readonly<Record<string, number>>;

/** A render tells its versions by links to `prefix:epoch:seq:…`. Their addresses are places in the page itself, so they fetch nothing. */
export const minVersionPrefix = "#kawa";
