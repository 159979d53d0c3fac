/** Header in which the middleware tells a render its id. */
export const renderHeader = "x-kawa-render";

/** Nobody can guess it: who names a render was given it. */
export function createRenderId(): string {
  return crypto.randomUUID();
}

/** Without the middleware a browser may have sent anything. */
export function isRenderId(text: string | null | undefined): text is string {
  return typeof text === "string" && /^[\w-]{16,64}$/.test(text);
}
