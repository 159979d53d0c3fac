import type { ReactNode } from "react";

/** A live fragment that a tab shows. */
export type FragmentRef = {
  /** Component and props, sealed by a server. */
  readonly token: string;
  /** The render that the route made of it. */
  readonly render: string;
  /** Versions that are shown (`formatVersions`). */
  readonly versions: string;
};

export type PushRequest = {
  /** A name that the tab makes for itself. A new call ends the one before. */
  readonly tab: string;
  /** All fragments of the tab. None ends its call. */
  readonly fragments: readonly FragmentRef[];
};

/** New content of the fragments whose reads have changed, by their places in the request. A fragment with several places comes once. */
export type Push = {
  /** Versions that all of them show at least. */
  readonly versions: string;
  readonly fragments: readonly (readonly [index: number, node: Promise<ReactNode>, others?: readonly number[]])[];
};

/** Why a call has ended: another one took its place, it has lasted long enough, or the server ends. */
export type PushEnd = "replaced" | "renew" | "restart";

export type PushAnswer = {
  /** Places of the fragments that this server cannot render, as after a deploy: only a render of the route brings them. */
  readonly unknown: readonly number[];
  readonly pushes: AsyncIterable<Push, PushEnd>;
};

/** Most fragments of one call. */
export const maxFragments = 200;
/** A call ends after this long, in milliseconds: also one that its tab cannot end. */
export const maxPushMs = 60_000;
