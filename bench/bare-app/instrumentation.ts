/** Does nothing. Without this file Turbopack takes the `instrumentation.ts` of a parent folder, which starts Kawa. */
export function register(): void {}
