import { isKawaError } from "../../core/errors/errors.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { open, seal } from "../../rivetkit/secret/seal.ts";

const lifetimeMs = 24 * 60 * 60 * 1000;
/** A tab that shows more hears of every change when its stream moves to another server. */
const maxKeys = 500;
/** Longest token that a request may bring back, in characters. */
export const maxTokenLength: number = 64 * 1024;

type Payload = {
  /** Session that opened the stream; empty for an anonymous one. */
  readonly subject: string;
  readonly renders: readonly SentRender[];
};

type SentRender = {
  readonly id: string;
  readonly versions: readonly (readonly [backendId: string, epoch: string, seq: number])[];
  readonly keys: readonly (readonly [backendId: string, keys: readonly string[]])[];
  readonly hidden?: readonly (readonly [backendId: string, keys: readonly string[], identity: string])[];
};

/** A token of another session has to be recognised as such, so the session is no part of the audience. */
const audience = "stream";

/**
 * What a server knows of the renders of a tab, for the next server: the browser holds it, and can neither read nor change it. A render that
 * is growing is left out: its next part may be on the screen before the next token is there, and a server that knows half of a render would
 * be silent about the other half. Undefined when it would be too large, or servers have no secret in common.
 */
export function issueStreamToken(subject: string, known: readonly RenderReads[]): string | undefined {
  const renders = known.filter(({ isGrowing }) => !isGrowing);
  const keyCount = renders.flatMap(({ keys }) => [...keys.values()]).reduce((count, { size }) => count + size, 0);
  if (keyCount > maxKeys) return undefined;
  const payload: Payload = {
    subject,
    renders: renders.map(({ id, versions, keys, hidden = [] }) => ({
      id,
      versions: Array.from(versions, ([backendId, { epoch, seq }]) => [backendId, epoch, seq] as const),
      keys: Array.from(keys, ([backendId, ofBackend]) => [backendId, [...ofBackend]] as const),
      hidden: Array.from(
        hidden,
        ([backendId, { keys: ofBackend, identity }]) => [backendId, [...ofBackend], identity] as const,
      ),
    })),
  };
  try {
    const token = seal({ purpose: "stream", audience, expiresAt: Date.now() + lifetimeMs }, JSON.stringify(payload));
    return token.length <= maxTokenLength ? token : undefined;
  } catch (error) {
    if (isKawaError(error, "SECRET_MISSING")) return undefined;
    throw error;
  }
}

/** What a browser was told of the renders of one tab. */
export type ToldReads = {
  readonly renders: ReadonlyMap<string, RenderReads>;
  /** The token is of another session: the browser has signed in or out since, or the token is not its own. */
  readonly isOfAnother: boolean;
};

const nothingTold: ToldReads = { renders: new Map(), isOfAnother: false };

/** The renders of a token by their ids; none when it is forged, has expired, or is of another session. */
export function readStreamToken(subject: string, token: unknown): ToldReads {
  if (token === undefined) return nothingTold;
  const renders = new Map<string, RenderReads>();
  const payload = readPayload(token);
  if (!payload) return { renders, isOfAnother: false };
  if (payload.subject !== subject) return { renders, isOfAnother: true };
  for (const { id, versions, keys, hidden = [] } of payload.renders) {
    const render = new RenderReads(id);
    for (const [backendId, epoch, seq] of versions) render.versions.set(backendId, { epoch, seq });
    for (const [backendId, ofBackend] of keys) for (const key of ofBackend) render.add(backendId, key);
    for (const [backendId, ofBackend, identity] of hidden)
      for (const key of ofBackend) render.add(backendId, key, identity);
    renders.set(id, render);
  }
  return { renders, isOfAnother: false };
}

function readPayload(token: unknown): Payload | undefined {
  try {
    const opened = open({ purpose: "stream", audience }, token);
    return opened.state === "valid" ? (JSON.parse(opened.payload) as Payload) : undefined;
  } catch (error) {
    if (isKawaError(error, "SECRET_MISSING")) return undefined;
    throw error;
  }
}
