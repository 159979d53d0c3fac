/** Nobody can guess it. Browsers have `crypto.randomUUID()` at secure addresses only, and a laptop is looked at from a phone, too. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
