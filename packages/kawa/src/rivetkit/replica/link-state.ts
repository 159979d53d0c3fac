import { clip, KawaError } from "../../core/errors/errors.ts";
import type { Delta } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";

/**
 *     idle ── first ask ──▶ connecting ── opened ──▶ catching up ── told what was missed ──▶ in step
 *                               ▲                      │     ▲                                │ │
 *                               │                      │     └── a delta is missing, or the ──┘ │
 *                               │                      │         quiet connection is replaced   │
 *                               └──── ended ───────────┴──────────────── ended ─────────────────┘
 *
 *     idle again: from "in step", when nobody needs it · closed: from each of them, and for ever
 */
export type LinkState =
  | { readonly name: "idle" }
  | { readonly name: "connecting" }
  /** Deltas that come meanwhile are held back. */
  | { readonly name: "catching up"; readonly connection: Connection; readonly held: Delta[] }
  | { readonly name: "in step"; readonly connection: Connection }
  | { readonly name: "closed"; readonly error: KawaError };

/** Why nothing is connected any more while a link rests. */
export const restError: KawaError = new KawaError(
  "BACKEND_UNAVAILABLE",
  "Nobody needs the connection to the actor any more.",
);

/** @throws {KawaError} BACKEND_TIMEOUT */
export function notReached(id: string, cause: unknown): never {
  throw new KawaError("BACKEND_TIMEOUT", `Backend "${clip(id)}" could not be reached in time.`, { cause });
}

/** @throws {KawaError} BACKEND_TIMEOUT */
export function notAnswered(id: string): never {
  const hint = "If the actor has hooks, one of them may be slow, or may wait for this operation itself.";
  throw new KawaError("BACKEND_TIMEOUT", `Backend "${clip(id)}" did not answer in time. ${hint}`);
}
