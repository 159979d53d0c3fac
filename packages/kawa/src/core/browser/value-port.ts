import type { KnownValue, ValueRow } from "../value-row.ts";

/** Values that a page shows, for the stream that keeps them current. */
export interface StreamedValues {
  /** Keys that something on the page follows, at most `maxWatched`, with the newest of each that is known. */
  readonly watched: readonly KnownValue[];
  /** Takes over what the actor holds. */
  receive(rows: readonly ValueRow[]): Promise<void> | void;
  /** Somebody else looks now: what was known is not shown any more. */
  forget(): void;
}

export type ValuePort = {
  /** Undefined on a page whose client components have read nothing. */
  values: StreamedValues | undefined;
  /** Ephemeral keys that something on the page keeps. */
  kept?: readonly string[];
  /** Called when other keys are watched or kept than before. */
  onWatch: () => void;
};

const port: ValuePort = { values: undefined, onWatch() {} };

/** Where the two meet: a page that does not need one of them does not load it. */
export function valuePort(): ValuePort {
  return port;
}
