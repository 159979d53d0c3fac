export const accountCount = 100_000;
export const startBalance = 1_000;

/** How the accounts of a transfer are chosen: each as often as any other, or a few that everybody wants. */
export type AccountOrder = "even" | "hot";

/** Account `n` is wanted as often as 1 / n^1.5. */
const zipf = ((): (() => number) => {
  const sums = new Float64Array(accountCount);
  let sum = 0;
  for (let at = 0; at < accountCount; at += 1) sums[at] = sum += 1 / (at + 1) ** 1.5;
  return () => {
    const wanted = Math.random() * sum;
    let [low, high] = [0, accountCount - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
})();

const orders = { even: (): number => Math.floor(Math.random() * accountCount), hot: zipf };

export type Transfers = { readonly made: number; readonly failed: number };
export type TransferLoad = { readonly order: AccountOrder; readonly inFlight: number; readonly durationMs: number };

/** Keeps so many transfers in flight for a while, each between two other accounts. `transfer` rejects when it has failed. */
export async function makeTransfers(
  { order, inFlight, durationMs }: TransferLoad,
  transfer: (from: number, to: number) => Promise<void> | void,
): Promise<Transfers> {
  const end = performance.now() + durationMs;
  const pick = orders[order];
  let made = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const from = pick();
      let to = pick();
      while (to === from) to = pick();
      try {
        await transfer(from, to);
        made += 1;
      } catch {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { made, failed };
}
