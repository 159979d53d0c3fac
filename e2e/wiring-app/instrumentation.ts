// Starts nothing. Without this file Turbopack takes the one of the repository, further up.
export function register(): void {}
