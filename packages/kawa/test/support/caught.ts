/** The error that `fn` throws or rejects with; undefined when it succeeds. */
export async function caught(fn: () => unknown): Promise<unknown> {
  try {
    await fn();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Code of the error that `fn` throws or rejects with, such as a `KawaError`'s. */
export async function codeOf(fn: () => unknown): Promise<unknown> {
  return ((await caught(fn)) as { code?: unknown } | undefined)?.code;
}
