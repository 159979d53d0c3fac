import { arrivedAnswer } from "./arrived-answer.ts";

/** Each hands over an answer that is held. */
const held = new Set<() => void>();

/** Somebody goes to a page that may show what is being prefetched. */
export function handOver(): void {
  for (const hand of held) hand();
  held.clear();
}

/**
 * Next takes a page that it prefetches whole for complete as soon as its root has come, and shows its layouts for minutes. Where the rest never
 * comes, a click on any page below them would lead nowhere, or to an error. So Next gets the answer at its end, and none that breaks off before
 * that. Who goes to a page does not wait for the end: then a break is told by `onLoss`, and what Next shows of the answer stays incomplete.
 */
export async function wholePrefetch(send: () => Promise<Response>, onLoss: () => void): Promise<Response> {
  let isAwaited = false;
  let hand!: () => void;
  const handedOver = new Promise<void>((resolve) => {
    hand = () => {
      isAwaited = true;
      resolve();
    };
  });
  held.add(hand);
  // Next waits for each prefetch that is under way, and would show nothing where it gets none.
  const lose = (): void => void (isAwaited && onLoss());
  try {
    const answer = await send();
    if (!answer.ok) lose();
    if (!answer.ok || !answer.body) return answer;
    const { response, isBroken } = await arrivedAnswer(answer, (output) => {
      if (isAwaited) void output.close();
      // Of other errors Next makes that it is offline, and asks again at once.
      else void output.abort(new DOMException("", "AbortError"));
    });
    const ended = isBroken.then((isIt) => void (isIt && lose()));
    await Promise.race([handedOver, ended]);
    return response;
  } catch (error) {
    lose();
    throw error;
  } finally {
    held.delete(hand);
  }
}
