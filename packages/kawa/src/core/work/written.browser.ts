import { KawaError } from "../errors/errors.ts";
import { isClientRendering } from "./is-client-rendering.ts";
import type { WriteCall } from "./written.ts";

/** As on a server. A browser itself reports a rejection that nobody awaits, and goes on. */
export function written<T>({ name, of }: WriteCall, write: () => Promise<T>, instead: () => Promise<T>): Promise<T> {
  if (!isClientRendering()) return write();
  const message = `${name}() of "${of.key}" was called while a client component was rendered. Write in an event handler or an effect.`;
  if (process.env.NODE_ENV === "development") throw new KawaError("RENDER_WRITE", message);
  // The write would render the component again, which would write again.
  if (!warned.has(message)) console.warn(`[kawa] ${message} (RENDER_WRITE)`);
  warned.add(message);
  return instead();
}

const warned = new Set<string>();

/** As on a server. A browser renders no server components, so nothing is left out. */
export function writtenTo<T>(_call: WriteCall, write: () => Promise<T>): Promise<T> {
  return write();
}

export async function valueNow(): Promise<undefined> {}
