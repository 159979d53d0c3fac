type Address = { readonly url: string };

/** The counter of the starter, as a program reads it. */
export async function readCounter({ url }: Address): Promise<number> {
  const { counter } = (await (await fetch(`${url}/api/counter`)).json()) as { counter: number };
  return counter;
}

/** Sets the counter of the starter, as a program does. */
export async function setCounter(server: Address, value: number): Promise<void> {
  const by = String(value - (await readCounter(server)));
  const response = await fetch(`${server.url}/api/counter`, { method: "POST", body: new URLSearchParams({ by }) });
  if (!response.ok) throw new Error(`Setting the counter was answered with ${response.status}.`);
}
