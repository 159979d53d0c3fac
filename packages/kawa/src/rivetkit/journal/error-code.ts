/** Whether an error is a system error with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code;
}

/** True where the process, or the system, may open no more files: the disk was not even asked. */
export function isOutOfDescriptors(error: unknown): boolean {
  return hasCode(error, "EMFILE") || hasCode(error, "ENFILE");
}
