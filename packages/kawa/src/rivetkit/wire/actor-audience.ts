/** Names an actor as the audience of a token. No two actors have the same: their keys may hold anything. */
export function actorAudience(name: string, key: readonly string[]): string {
  return JSON.stringify([name, ...key]);
}

/** Names the actor of a backend, whose id is the name and the id of that actor. */
export function backendAudience(backendId: string): string {
  const at = backendId.indexOf("/");
  return actorAudience(backendId.slice(0, at), [backendId.slice(at + 1)]);
}
