export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    await import("./lib/backend.ts");
    const { startKawa } = await import("kawa/next");
    startKawa();
  }
}
