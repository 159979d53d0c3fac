import { decodeValue } from "../../core/value/value.ts";
import type { ChangeResults, Write } from "../wire/protocol.ts";

/** What a change is answered with that its hooks have left out: an increment with the present number, whatever it would have been. */
export function leftOut(results: ChangeResults[1], text: string | null): ChangeResults[1] {
  const made = text === null ? null : decodeValue(text);
  return results.map((result) => (result !== null && typeof made === "number" ? made : null));
}

/** What increments have made where a hook may have made something else of it. */
export function resultsOf(results: ChangeResults[1], given: Write): ChangeResults[1] {
  const text = "text" in given ? given.text : null;
  const made = text === null ? undefined : decodeValue(text);
  return results.map((result) => (typeof result === "number" && typeof made === "number" ? made : result));
}
