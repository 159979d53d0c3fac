/** True when the event loop turns several times while `loop` runs. `nextTurn` is how others wait for a turn of their own. */
export async function turnsDuring(
  loop: (isOver: () => boolean) => Promise<unknown>,
  nextTurn: (run: () => void) => unknown = setImmediate,
): Promise<boolean> {
  const limit = performance.now() + 20_000;
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) nextTurn(count);
  };
  nextTurn(count);
  await loop(() => turns >= 5 || performance.now() > limit);
  isDone = true;
  return turns >= 5;
}
