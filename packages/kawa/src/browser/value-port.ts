import { RenderedVersions } from "./rendered-versions.ts";
import type { KnownValue, ListChangeRow, ValueRow } from "./value-protocol.ts";

/** Values that a page shows, for the stream that keeps them current. */
export interface StreamedValues {
  /** Keys that something on the page follows, each with the newest row that is known. */
  readonly watched: readonly KnownValue[];
  /** Takes over what the actor holds, and how lists have changed. */
  receive(rows: readonly ValueRow[], lists?: readonly ListChangeRow[]): Promise<void> | void;
  /** Another visitor looks: what was known is not shown any more. */
  forget(): void;
}

export type ValuePort = {
  /** Undefined on a page whose client components have not read any signal. */
  values: StreamedValues | undefined;
  /** Ephemeral keys that something on the page keeps. */
  kept?: readonly string[];
  /** How new the server components of the page are. */
  readonly rendered: RenderedVersions;
  /** Called when other keys are watched or kept than before. */
  onWatch: () => void;
};

const port: ValuePort = { values: undefined, rendered: new RenderedVersions(), onWatch() {} };

/** Where the values of a page and the stream that keeps them current meet: a page that needs only one of them does not load the other. */
export function valuePort(): ValuePort {
  return port;
}
