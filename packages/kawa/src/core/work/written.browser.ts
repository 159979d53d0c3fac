import { KawaError } from "../errors/errors.ts";
import { isClientRendering } from "./is-client-rendering.ts";
import type { WriteCall } from "./written.ts";

/** Browsers report a rejection that nobody awaits by themselves, and go on. */
export function written<T>({ name, of }: WriteCall, write: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
  if (!isClientRendering()) return write();
  const message = `${name}() of "${of.key}" was called while a client component was rendered. Write in an event handler or an effect.`;
  if (process.env.NODE_ENV === "development") throw new KawaError("RENDER_WRITE", message);
  // It would render its component again, which would write again.
  if (!warned.has(message)) console.warn(`[kawa] ${message} (RENDER_WRITE)`);
  warned.add(message);
  return instead();
}

const warned = new Set<string>();

/** Browsers render no page of the server. */
export function writtenTo<T>(_call: WriteCall, write: () => Promise<T>): Promise<T> {
  return write();
}

export async function valueNow(): Promise<undefined> {}
