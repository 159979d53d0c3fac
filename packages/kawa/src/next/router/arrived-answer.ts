import { findRoot } from "./find-root.ts";

/** An answer to Next's router of which the root has come. */
export type ArrivedAnswer = {
  readonly response: Response;
  /** What has made it, as Next compares it with what has made the page; undefined where the answer does not say. */
  readonly build: string | undefined;
  /** Resolves at its end; to true where its connection broke. */
  readonly isBroken: Promise<boolean>;
};

/**
 * Resolves when the root of an answer has come, or its end. With `onBreak`, an answer does not end by itself when its connection breaks after
 * that: the error would replace the page, with all that was typed into it.
 */
export function arrivedAnswer(
  answer: Response,
  onBreak?: (output: WritableStream<Uint8Array>) => void,
): Promise<ArrivedAnswer> {
  return new Promise((resolve) => {
    // Until the root of the page has come, Next asks again by itself.
    let find: ReturnType<typeof findRoot> | undefined = findRoot();
    const arrive = (root?: string): void => {
      find = undefined;
      const response = Object.defineProperties(new Response(readable, answer), {
        url: { value: answer.url },
        redirected: { value: answer.redirected },
      });
      const named = root?.startsWith("{") ? (JSON.parse(root) as { b?: string }).b : undefined;
      const build = answer.headers.get("x-nextjs-deployment-id") ?? named;
      resolve({ response, build, isBroken });
    };
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, to) {
          to.enqueue(chunk);
          const root = find?.(chunk);
          if (root !== undefined) arrive(root);
        },
      },
      {},
      // Nobody reads before that.
      { highWaterMark: Infinity },
    );
    const isBroken = answer.body!.pipeTo(writable, { preventAbort: true }).then(
      () => {
        if (find) arrive();
        return false;
      },
      (error) => {
        if (!find && onBreak) onBreak(writable);
        else writable.abort(error).catch(() => {});
        if (find) arrive();
        return true;
      },
    );
  });
}
