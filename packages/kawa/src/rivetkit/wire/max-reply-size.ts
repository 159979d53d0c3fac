/** Largest message, in characters. The engine lets 32 MiB through. */
export const maxReplySize: number = 4 * 1024 * 1024;
