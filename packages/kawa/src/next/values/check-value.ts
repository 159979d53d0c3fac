import { clip, KawaError } from "../../core/errors/errors.ts";
import { issueText } from "../../core/fit-value.ts";
import type { BackedSignal } from "../../core/signal.ts";

/** What the signal's schema makes of a value. @throws {KawaError} VALUE_INVALID - it refuses the value */
export async function checkValue({ key, exposure }: BackedSignal<unknown>, value: unknown): Promise<unknown> {
  const result = await exposure!.schema?.["~standard"].validate(value);
  if (!result) return value;
  if (!result.issues) return result.value;
  const publicMessage = result.issues.map(issueText).join(" ");
  throw new KawaError("VALUE_INVALID", `"${clip(key)}" cannot hold this: ${publicMessage}`, {
    data: { isPublic: true, publicMessage },
  });
}
