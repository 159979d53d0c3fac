/**
 * Starts the engine and the actors with the server, before anybody asks for a page. In an `instrumentation.ts` of your own, call
 * `startKawa()` instead.
 *
 * @example
 * // instrumentation.ts
 * export { register } from "kawa/next/instrumentation";
 */
export async function register(): Promise<void> {
  // Bundlers leave the block out of code for the edge only where it is written like this.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    await import("#app-backend");
    const { startKawa } = await import("./route/start-kawa.ts");
    startKawa();
  }
}
