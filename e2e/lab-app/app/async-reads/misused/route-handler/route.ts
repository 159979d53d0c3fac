import { isKawaError, read, useReactive } from "kawa";
import { labCounter } from "../../../../lib/signals.ts";

function messageOf(call: () => unknown): string {
  try {
    return `gave ${String(call())}`;
  } catch (error) {
    return isKawaError(error) ? error.message : `no KawaError: ${String(error)}`;
  }
}

export function GET(): Response {
  const count = labCounter("misused");
  // oxlint-disable-next-line react/rules-of-hooks -- what happens then is the question
  return Response.json({ hook: messageOf(() => useReactive(count)), read: messageOf(() => read(count)) });
}
