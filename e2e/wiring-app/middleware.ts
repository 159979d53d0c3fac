// Does nothing. Without this file Turbopack takes the one of the repository, further up.
export function middleware(): void {}

export const config = { runtime: "nodejs", matcher: "/nowhere" };
