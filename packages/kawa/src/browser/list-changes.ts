import { idsAfter } from "../core/backend/list-change.ts";
import type { Members } from "../core/backend/members.ts";
import { batch } from "../core/process/reactive.ts";
import type { ListChangeRow } from "./value-protocol.ts";
import type { BrowserBackend } from "./browser-backend.ts";
import type { Slot } from "./slot.ts";

/** Takes over how lists of groups have changed, and reads those anew of which the page holds something else. */
export function apply(backend: Pick<BrowserBackend, "read" | "slot">, rows: readonly ListChangeRow[]): Promise<void> {
  const missed: string[] = [];
  batch(() => {
    for (const row of rows) if (!applyTo(backend.slot(row[0]), row)) missed.push(row[0]);
  });
  // Where this fails, the next change does not fit what the page holds either, so the list is read again.
  return backend.read(missed);
}

/** False when what was there before is not what is held here. */
export function applyTo(
  slot: Pick<Slot, "confirmed" | "show">,
  [, from, seq, epoch, left, joined]: ListChangeRow,
): boolean {
  const { confirmed } = slot;
  // A whole list that came with a value of a kind that is being loaded waits for it, and is older.
  if (!confirmed || confirmed.epoch !== epoch || confirmed.seq < from) return false;
  if (confirmed.seq >= seq) return true;
  const ids = idsAfter((confirmed.value as Members | undefined)?.ids ?? [], { left, joined });
  slot.confirmed = { ...(ids.length > 0 ? { value: Object.freeze({ ids }) } : { text: null }), seq, epoch };
  slot.show();
  return true;
}
