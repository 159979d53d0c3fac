import type { Context } from "../core/backend.ts";
import { KawaError } from "../core/errors.ts";
import { decodeContext, encodeContext } from "./context.ts";
import { host } from "./host.ts";
import { signText, verifyText } from "./server-token.ts";

export type IssueTokenOptions = {
  /** How long the token is valid, in milliseconds. @default 900_000 (15 minutes) */
  expiresInMs?: number;
};

const defaultLifetimeMs = 15 * 60 * 1000;

/**
 * A token with which a RivetKit client acts as `context` at the hooks of the actor. Give it only to whom you have verified;
 * the client passes it as connection params. It is signed, not encrypted: its bearer can read the context.
 *
 * @throws {KawaError} OPTION_INVALID - `expiresInMs` is no positive number
 * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the context is no plain data, or more than 8 KiB
 * @throws {KawaError} SECRET_MISSING - RIVET_ENDPOINT is set and KAWA_SECRET is not
 * @example
 * const token = await issueToken({ userId: session.userId }, { expiresInMs: 60_000 });
 * client.reactiveState.getOrCreate(["global"], { params: { token } });
 */
export async function issueToken(context: Context, options: IssueTokenOptions = {}): Promise<string> {
  const { expiresInMs = defaultLifetimeMs } = options;
  if (!(Number.isFinite(expiresInMs) && expiresInMs > 0)) {
    throw new KawaError("OPTION_INVALID", `expiresInMs must be a positive number of milliseconds, not ${expiresInMs}.`);
  }
  const payload = JSON.stringify([Date.now() + expiresInMs, encodeContext(context)]);
  // Starting makes sure of the secret.
  await host().start();
  return signText("client", Buffer.from(payload).toString("base64url"));
}

/**
 * Who a RivetKit client is. Without a token it is nobody.
 *
 * @throws {KawaError} UNAUTHORIZED - the token is forged or has expired
 */
export function verifyClient(connParams: unknown): Context {
  const token = typeof connParams === "object" && connParams !== null && "token" in connParams ? connParams.token : undefined;
  if (token === undefined || token === null) return {};
  const payload = verifyText("client", token);
  if (payload === undefined) throw new KawaError("UNAUTHORIZED", "The token was not issued by this app.");
  const { expiresAt, context } = readPayload(payload);
  if (expiresAt <= Date.now()) throw new KawaError("UNAUTHORIZED", "The token has expired; get a new one.");
  return context;
}

function readPayload(payload: string): { expiresAt: number; context: Context } {
  try {
    const [expiresAt, context] = JSON.parse(Buffer.from(payload, "base64url").toString()) as [unknown, unknown];
    if (typeof expiresAt !== "number" || typeof context !== "string") throw new TypeError("Not a time and a context");
    return { expiresAt, context: decodeContext(context) };
  } catch (cause) {
    throw new KawaError("UNAUTHORIZED", "The token was issued by another version of this app; get a new one.", { cause });
  }
}
