/** Whether an error is one of the system's, with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code;
}

/** Of a process, or a system, that may open no more files: the disk was not even asked. */
export function isOutOfDescriptors(error: unknown): boolean {
  return hasCode(error, "EMFILE") || hasCode(error, "ENFILE");
}
