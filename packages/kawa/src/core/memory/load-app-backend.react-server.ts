/** Loads the module in whose place `withKawa` puts that of the app. An app that has code for the edge loads nothing there. */
export async function loadAppBackend(): Promise<void> {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    await import("#app-backend");
  }
}
