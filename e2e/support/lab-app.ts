import type { Server } from "./server.ts";

export { expectState, markWindow, openLive, shownCount } from "./lab.ts";

/** Sets a counter of the lab app; resolves when the value is durable. */
export async function writeCount(server: Server, name: string, value: number): Promise<void> {
  const response = await fetch(`${server.url}/signals/${name}`, { method: "PUT", body: String(value) });
  if (!response.ok) throw new Error(`Writing ${name} was answered with ${response.status}.`);
}
