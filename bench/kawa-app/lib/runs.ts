/** How often this server has run the costly page; the modules of a page and of a route have no other state in common. */
export const runs = ((globalThis as { costlyRuns?: { count: number } }).costlyRuns ??= { count: 0 });
