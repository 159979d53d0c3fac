import { KawaError } from "../../core/errors/errors.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { bodyLimits } from "./limits.ts";
import { quotas } from "./quota.ts";
import { turns } from "./turns.ts";

export type BodyOwner = {
  /** The client whose quota the body takes while it is read. */
  readonly client: AskingClient;
  /** Called with the length of the body before it is looked into; may refuse it. */
  readonly charge: (bytes: number) => void;
};

export type ReadJsonOptions = BodyOwner & {
  readonly maxBytes: number;
  /** The error for a body that is no JSON. */
  readonly invalid: (reason: string) => Error;
  /** The error for one that is too long. @default `invalid` */
  readonly tooLong?: () => Error;
};

/**
 * The JSON body of an untrusted request. It has to arrive in time, and all bodies that are being read have to fit into their quota.
 *
 * @throws {KawaError} REQUEST_TIMEOUT - it trickles
 * @throws {KawaError} RATE_LIMITED - too much is being read already
 */
export async function readJson(
  request: Request,
  { maxBytes, client, charge, invalid, tooLong }: ReadJsonOptions,
): Promise<unknown> {
  // Forms of other sites cannot send this type.
  if (!request.headers.get("content-type")?.startsWith("application/json")) throw invalid("it is no JSON");
  const tooMany = (): Error => tooLong?.() ?? invalid(`it is longer than ${maxBytes} bytes`);
  const said = request.headers.get("content-length");
  const length = said === null ? maxBytes : Number(said);
  if (length > maxBytes) throw tooMany();
  const reserved = Number.isSafeInteger(length) && length >= 0 ? length : maxBytes;
  if (!quotas().bodies.take(client, reserved)) {
    throw new KawaError(
      "RATE_LIMITED",
      "Too many request bodies are being read, of this client or of all clients (docs/limits.md).",
    );
  }
  try {
    const { text, bytes } = await readText(request, maxBytes, tooMany);
    charge(bytes);
    if (bytes > bodyLimits.pieceBytes) await turns().next(client.address);
    return parse(text, invalid);
  } finally {
    quotas().bodies.giveBack(client, reserved);
  }
}

type ReadText = { readonly text: string; readonly bytes: number };

async function readText(request: Request, maxBytes: number, tooMany: () => Error): Promise<ReadText> {
  const reader = request.body?.getReader();
  if (!reader) return { text: "", bytes: 0 };
  try {
    return await withTimeout(readAll(reader, maxBytes, tooMany), bodyLimits.timeoutMs, onTimeout);
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
}

async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
  tooMany: () => Error,
): Promise<ReadText> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: text + decoder.decode(), bytes };
    bytes += value.byteLength;
    if (bytes > maxBytes) throw tooMany();
    text += decoder.decode(value, { stream: true });
  }
}

function onTimeout(): never {
  const message = `The body of a request did not arrive within ${bodyLimits.timeoutMs / 1000} s.`;
  throw new KawaError("REQUEST_TIMEOUT", message);
}

function parse(text: string, invalid: ReadJsonOptions["invalid"]): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("it is no JSON");
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
