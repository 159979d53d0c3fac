const prefix = ".static";

/**
 * Stands for a static render: it has read nothing, so no stream need follow it. `unique` tells one from
 * another, where a refresh has asked for it.
 */
export function staticRenderId(unique = ""): string {
  return prefix + unique;
}

/** No other id has a dot. */
export function isStaticRender(id: string): boolean {
  return id.startsWith(prefix);
}
