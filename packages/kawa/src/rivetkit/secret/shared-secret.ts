import { hkdfSync, randomBytes } from "node:crypto";
import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { env } from "../settings/env.ts";

/** What a token is for: a token for one purpose is refused for every other. */
export type Purpose = "client" | "engine" | "fragment" | "hooks" | "server" | "session" | "stream";

/** Every use has a key of its own. */
type KeyUse = `${Purpose} ${"nonce" | "seal" | "sign"}`;

const minSecretLength = 16;
const keyBytes = 32;
export const keyIdBytes = 4;

/** Keys that one secret gives. */
export class SecretKeys {
  /** Says in a token which secret it was made with. */
  readonly id: Buffer;
  readonly #secret: string;
  readonly #keys = new Map<KeyUse, Buffer>();

  constructor(secret: string) {
    this.#secret = secret;
    this.id = this.#derive("key id", keyIdBytes);
  }

  of(use: KeyUse): Buffer {
    let key = this.#keys.get(use);
    if (!key) this.#keys.set(use, (key = this.#derive(use, keyBytes)));
    return key;
  }

  #derive(info: string, size: number): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#secret, "", `kawa ${info}`, size));
  }
}

/** The first one is the current secret. */
type Keyring = readonly SecretKeys[];

type Held = { keyring: Keyring | undefined; readonly ofEnvironment: { text: string; keyring: Keyring } };

const held = processState<Held>("secret", () => ({ keyring: undefined, ofEnvironment: { text: "", keyring: [] } }));

/**
 * Sets the secret that the servers of this app share, and the earlier ones: tokens that were made with those are still valid.
 *
 * @throws {KawaError} SECRET_MISSING - one of them is too short
 */
export function shareSecret(secret: string, previous: readonly string[] = env.previousSecrets): void {
  held.keyring = keyringOf(secret, previous);
}

/** True when {@link shareSecret} was called, by any copy of this module. */
export function isSecretShared(): boolean {
  return held.keyring !== undefined;
}

export function createSecret(): string {
  return randomBytes(32).toString("hex");
}

/**
 * The keys of this process, those of the current secret first.
 *
 * @throws {KawaError} SECRET_MISSING - there is no secret, or it is too short
 */
export function keyring(): Keyring {
  return held.keyring ?? keyringOfEnvironment();
}

function keyringOfEnvironment(): Keyring {
  const { secret, previousSecrets } = env;
  if (!secret) {
    throw new KawaError("SECRET_MISSING", `KAWA_SECRET is not set. Set the same long random text on every server.`);
  }
  const { ofEnvironment } = held;
  const text = JSON.stringify([secret, previousSecrets]);
  if (text !== ofEnvironment.text) Object.assign(ofEnvironment, { text, keyring: keyringOf(secret, previousSecrets) });
  return ofEnvironment.keyring;
}

function keyringOf(secret: string, previous: readonly string[]): Keyring {
  checkSecret("KAWA_SECRET", secret);
  for (const one of previous) checkSecret("A secret of KAWA_SECRET_PREVIOUS", one);
  return [...new Set([secret, ...previous])].map((one) => new SecretKeys(one));
}

/** @throws {KawaError} SECRET_MISSING - it is too short */
export function checkSecret(name: string, secret: string): void {
  if (secret.length >= minSecretLength) return;
  throw new KawaError(
    "SECRET_MISSING",
    `${name} has ${secret.length} characters; use at least ${minSecretLength}, such as the output of "openssl rand -hex 32".`,
  );
}
