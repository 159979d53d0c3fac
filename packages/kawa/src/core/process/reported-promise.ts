/**
 * A promise whose rejection is reported instead of ending the process when nobody awaits it: `theme.set("light")`
 * without `await` must not take the server down.
 */
class ReportedPromise<T> extends Promise<T> {
  observed = false;

  // `then()` and `catch()` of this promise give ordinary promises.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // `await` calls `then` because the constructor is not Promise itself.
  // oxlint-disable-next-line unicorn/no-thenable -- this is a promise
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true;
    return super.then(onFulfilled, onRejected);
  }
}

type Report = (message: string, error: unknown) => void;

export function reported<T>(
  what: string,
  work: Promise<T>,
  report: Report = (...said) => console.error(...said),
): Promise<T> {
  return unlessAwaited(work, (error) => report(`[kawa] ${what} failed and nobody awaited it:`, error));
}

/** The same promise, whose rejection is given to `report` when nobody awaits it. */
export function unlessAwaited<T>(work: Promise<T>, report: (error: unknown) => void): Promise<T> {
  const promise = new ReportedPromise<T>((resolve, reject) => work.then(resolve, reject));
  Promise.prototype.then.call(promise, undefined, (error: unknown) => {
    if (!promise.observed) report(error);
  });
  return promise;
}
