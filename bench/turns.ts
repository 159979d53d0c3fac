export type Turns = {
  /** Rounds whose samples are left out. @default 1 */
  readonly warmUpRounds?: number;
  readonly rounds: number;
};

/** Measures sides in turns, A B B A …, so that what disturbs one disturbs the other. Returns the samples of each. */
export async function inTurns<const S extends readonly unknown[], T>(
  sides: S,
  { warmUpRounds = 1, rounds }: Turns,
  measure: (side: S[number]) => Promise<T | readonly T[]>,
): Promise<{ readonly [I in keyof S]: T[] }> {
  const turn = sides.map((side) => ({ side, samples: [] as T[] }));
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    for (const { side, samples } of round % 2 === 0 ? turn : turn.toReversed()) {
      const measured = await measure(side);
      if (round >= warmUpRounds) samples.push(...([measured].flat() as T[]));
    }
  }
  return turn.map(({ samples }) => samples) as { readonly [I in keyof S]: T[] };
}
