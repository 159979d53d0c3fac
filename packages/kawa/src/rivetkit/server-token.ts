import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { KawaError } from "../core/errors.ts";
import { processState } from "../core/process-state.ts";

const lifetimeMs = 60_000;
const minSecretLength = 16;

const held = processState<{ secret: string | undefined }>("secret", () => ({ secret: undefined }));

/** Sets the secret that the servers of this app have in common. */
export function shareSecret(secret: string): void {
  if (secret.length < minSecretLength) {
    throw new KawaError(
      "SECRET_MISSING",
      `KAWA_SECRET has ${secret.length} characters; use at least ${minSecretLength}, such as the output of "openssl rand -hex 32".`,
    );
  }
  held.secret = secret;
}

export function createSecret(): string {
  return randomBytes(32).toString("hex");
}

function sign(payload: string): Buffer {
  const secret = held.secret ?? process.env.KAWA_SECRET;
  if (!secret) {
    throw new KawaError("SECRET_MISSING", `KAWA_SECRET is not set. Set the same long random text on every server.`);
  }
  return createHmac("sha256", secret).update(`kawa-server\n${payload}`).digest();
}

/** A short-lived proof that this process belongs to the app. */
export function issueServerToken(): string {
  const payload = String(Date.now() + lifetimeMs);
  return `${payload}.${sign(payload).toString("base64url")}`;
}

export function verifyServerToken(token: unknown): boolean {
  if (typeof token !== "string") return false;
  const [payload, signature] = token.split(".");
  if (!payload || !signature) return false;
  const given = Buffer.from(signature, "base64url");
  const expected = sign(payload);
  return given.length === expected.length && timingSafeEqual(given, expected) && Number(payload) > Date.now();
}
