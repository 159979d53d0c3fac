import { KawaError } from "../core/errors/errors.ts";
import { processState } from "../core/process/process-state.ts";
import { valuePort } from "./value-port.ts";
import { maxKept, maxWatched } from "./value-protocol.ts";

// Loaded when a tab asks for more than it may.

const told = processState("told-left-out", () => new Set<string>());

export function tell(): void {
  report(
    `Client components of this page show ${valuePort().values?.watched.length} signals. A tab follows ${maxWatched}: the others are not updated. ` +
      `Show longer lists in a server component, or put them into one signal`,
  );
}

export function tellKeptLeftOut(count: number): void {
  report(
    `This page keeps ${count} ephemeral keys. A tab renews ${maxKept}: the others end. ` +
      `Keep one key for each visitor, and put everything into its value`,
  );
}

/** Reports each kind once a page, whatever its numbers are. */
function report(message: string): void {
  const kind = message.slice(0, 12);
  if (told.has(kind)) return;
  told.add(kind);
  console.error(new KawaError("STREAMS_EXHAUSTED", `${message} (docs/limits.md).`));
}
