/** What the function of an inline stream writes to. Its functions may be passed on alone, as in `socket.on("price", stream.set)`. */
export interface ReactiveStream<T> {
  /** What was set last; before that what another server has produced, or the initial value. */
  readonly value: T;
  /** Aborted when the function is to stop: nobody looks any more, or another server produces the values from now on. */
  readonly signal: AbortSignal;
  /**
   * Shows a value to everybody who looks. Nobody needs to wait for the promise: a failure that nobody awaits is reported. After
   * {@link signal} is aborted it does nothing.
   *
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it was not confirmed
   */
  readonly set: (value: T) => Promise<void>;
  /**
   * Shows what `fn` makes of the value that is stored, and resolves with that. `fn` may run more than once and must be pure.
   *
   * @throws {KawaError} as {@link set}
   */
  readonly update: (fn: (current: T) => T) => Promise<T>;
  /**
   * Reports an error of a timer or callback, as if the function had thrown it: it is stopped, and started again a little later.
   *
   * @example
   * setInterval(() => fetchPrice(symbol).then(stream.set, stream.fail), 1_000);
   */
  readonly fail: (error: unknown) => void;
}

/** Ends what the function of a stream has started. */
export type StreamCleanup = () => void;

/** Produces the values of an inline stream for as long as somebody looks. */
export type StreamStart<T> = (stream: ReactiveStream<T>) => void | StreamCleanup | Promise<void | StreamCleanup>;
