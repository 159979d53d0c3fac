export type ReadJsonOptions = {
  readonly maxBytes: number;
  /** The error for a body that is no JSON. */
  readonly invalid: (reason: string) => Error;
  /** The error for one that is too long. @default `invalid` */
  readonly tooLong?: () => Error;
};

/** The body of a request that may be anybody's. */
export async function readJson(request: Request, { maxBytes, invalid, tooLong }: ReadJsonOptions): Promise<unknown> {
  // Forms of other sites cannot send this type.
  if (!request.headers.get("content-type")?.startsWith("application/json")) throw invalid("it is no JSON");
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLong?.() ?? invalid(`it is longer than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return JSON.parse(text + decoder.decode());
  } catch {
    throw invalid("it is no JSON");
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
