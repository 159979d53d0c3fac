/** An id that cannot be guessed. Browsers have `crypto.randomUUID()` at secure addresses only, and a phone may open a laptop's page. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
