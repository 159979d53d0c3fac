import { clip, KawaError } from "../core/errors/errors.ts";
import type { AnySignal } from "../core/signal.ts";

/** @throws {KawaError} NOT_EXPOSED - the signal's definition lets no browser read it */
export function checkExposed({ key, exposure }: Pick<AnySignal, "exposure" | "key">): void {
  if (exposure) return;
  throw new KawaError(
    "NOT_EXPOSED",
    `A client component reads "${clip(key)}", which is not exposed to browsers. Expose it where it is defined: ` +
      `signal("${clip(key)}", initial, { expose: "read" }), or read it in a server component and pass the value on as a prop.`,
    { data: { key } },
  );
}
