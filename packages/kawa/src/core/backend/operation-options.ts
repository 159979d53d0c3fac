/** Who acts, as the server has verified it: plain data, whose fields the hooks of an actor find in their `params`. */
export type Context = Readonly<Record<string, unknown>>;

/** In whose name something is read or written. */
export type OperationOptions = {
  /**
   * Who acts. In a browser it changes nothing: the server knows who acts there.
   *
   * @default what `withContext` says, else the backend's `getContext`, else an anonymous caller
   */
  context?: Context | undefined;
  /**
   * `browser` where a browser asks for this operation. An actor with hooks of writes refuses a browser's write that no hook names, and an
   * actor with hooks of reads such a read. Lists are the same for all. Hooks do not see the origin.
   *
   * @default server code asks, which may also do what no hook names
   */
  origin?: "browser" | undefined;
};

export type DeleteOptions = OperationOptions & {
  /**
   * Deletes the value only if it has this number, the `seq` of its entry; 0 stands for no value. The actor compares and deletes in one
   * step, so what another writer has written meanwhile is not lost.
   *
   * @default whatever the value is
   */
  expect?: number | undefined;
};

export type UpdateOptions = OperationOptions & {
  /**
   * The value is ephemeral: it is deleted when it was neither set nor renewed for this long, in milliseconds. A write without
   * it makes a value that stays.
   */
  ttlMs?: number | undefined;
  /** Which version of the signal's definition the value is of; it is stored with the value. @default 1 */
  version?: number | undefined;
};

/** With `expect`, the value is written only over that of the number. */
export type WriteOptions = UpdateOptions & DeleteOptions;
