import { isKawaError } from "../core/errors.ts";
import { formatVersions, parseVersions } from "../core/version.ts";
import { RenderReads } from "../react/render-reads.ts";
import { signText, verifyText } from "../rivetkit/server-token.ts";

const lifetimeMs = 24 * 60 * 60 * 1000;
/** A tab that shows more hears of every change when its stream moves to another server. */
const maxKeys = 500;

type Payload = {
  readonly expiresAt: number;
  /** Whose stream it is; empty for nobody's in particular. */
  readonly subject: string;
  readonly renders: readonly (readonly [id: string, versions: string, keys: readonly (readonly [backendId: string, keys: readonly string[]])[]])[];
};

/**
 * What a server knows of the renders of a tab, for the next server: the browser holds it, and cannot change it. Undefined when it
 * would be too large, or servers have no secret in common.
 */
export function issueStreamToken(subject: string, renders: readonly RenderReads[]): string | undefined {
  const keyCount = renders.flatMap(({ keys }) => [...keys.values()]).reduce((count, { size }) => count + size, 0);
  if (keyCount > maxKeys) return undefined;
  const payload: Payload = {
    expiresAt: Date.now() + lifetimeMs,
    subject,
    renders: renders.map(({ id, versions, keys }) => [
      id,
      formatVersions(Object.fromEntries(versions)),
      [...keys].map(([backendId, ofBackend]) => [backendId, [...ofBackend]]),
    ]),
  };
  try {
    return signText("stream", Buffer.from(JSON.stringify(payload)).toString("base64url"));
  } catch (error) {
    if (isKawaError(error, "SECRET_MISSING")) return undefined;
    throw error;
  }
}

/** What a browser was told of the renders of one tab. */
export type ToldReads = {
  readonly renders: ReadonlyMap<string, RenderReads>;
  /** It was told to somebody else: the browser has signed in or out since, or the token is not its own. */
  readonly isOfAnother: boolean;
};

/** The renders of a token by their ids; none when it is forged, has expired, or is somebody else's. */
export function readStreamToken(subject: string, token: unknown): ToldReads {
  const renders = new Map<string, RenderReads>();
  const payload = readPayload(token);
  if (!payload || payload.expiresAt <= Date.now()) return { renders, isOfAnother: false };
  if (payload.subject !== subject) return { renders, isOfAnother: true };
  for (const [id, versions, keys] of payload.renders) {
    const render = new RenderReads(id);
    for (const [backendId, version] of Object.entries(parseVersions(versions))) render.versions.set(backendId, version);
    for (const [backendId, ofBackend] of keys) for (const key of ofBackend) render.add(backendId, key);
    renders.set(id, render);
  }
  return { renders, isOfAnother: false };
}

function readPayload(token: unknown): Payload | undefined {
  try {
    const text = verifyText("stream", token);
    return text === undefined ? undefined : (JSON.parse(Buffer.from(text, "base64url").toString()) as Payload);
  } catch {
    // Of another version of this app, or of one with another secret.
    return undefined;
  }
}
