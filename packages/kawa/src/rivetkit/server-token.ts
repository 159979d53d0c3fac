import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { KawaError } from "../core/errors.ts";
import { processState } from "../core/process-state.ts";

const lifetimeMs = 60_000;
const minSecretLength = 16;

const held = processState<{ secret: string | undefined }>("secret", () => ({ secret: undefined }));

/** Sets the secret that the servers of this app have in common. */
export function shareSecret(secret: string): void {
  checkSecret(secret);
  held.secret = secret;
}

/** True when {@link shareSecret} was called, by any copy of this module. */
export function isSecretShared(): boolean {
  return held.secret !== undefined;
}

function checkSecret(secret: string): void {
  if (secret.length < minSecretLength) {
    throw new KawaError(
      "SECRET_MISSING",
      `KAWA_SECRET has ${secret.length} characters; use at least ${minSecretLength}, such as the output of "openssl rand -hex 32".`,
    );
  }
}

export function createSecret(): string {
  return randomBytes(32).toString("hex");
}

/** What a signature is good for: one made for clients is none of a server. */
type Purpose = "server" | "client" | "stream" | "fragment" | "session";

function sign(purpose: Purpose, payload: string): Buffer {
  const secret = held.secret ?? process.env.KAWA_SECRET;
  if (!secret) {
    throw new KawaError("SECRET_MISSING", `KAWA_SECRET is not set. Set the same long random text on every server.`);
  }
  checkSecret(secret);
  return createHmac("sha256", secret).update(`kawa-${purpose}\n${payload}`).digest();
}

/** `payload` may hold anything but a dot. */
export function signText(purpose: Purpose, payload: string): string {
  return `${payload}.${sign(purpose, payload).toString("base64url")}`;
}

/** The payload of a text that {@link signText} made for this purpose, else undefined. */
export function verifyText(purpose: Purpose, text: unknown): string | undefined {
  if (typeof text !== "string") return undefined;
  const [payload, signature] = text.split(".");
  if (!payload || !signature) return undefined;
  const given = Buffer.from(signature, "base64url");
  const expected = sign(purpose, payload);
  return given.length === expected.length && timingSafeEqual(given, expected) ? payload : undefined;
}

/** A short-lived proof that this process belongs to the app. */
export function issueServerToken(): string {
  return signText("server", String(Date.now() + lifetimeMs));
}

export function verifyServerToken(token: unknown): boolean {
  return Number(verifyText("server", token) ?? 0) > Date.now();
}
