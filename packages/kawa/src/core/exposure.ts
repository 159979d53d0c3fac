import type { StandardSchema } from "./standard-schema.ts";

/** What browsers may do with a signal. Without it they can neither read nor write it. */
export type SignalOptions<T> = {
  /**
   * `read` lets client components show the signal, `write` lets browsers also set, delete and renew it. Hooks of the actor decide for
   * whom; where there are hooks of writes, browsers do only what one of them names. The signal has to be exported by a module that
   * `createReactiveRoute({ signals })` is given.
   *
   * @default nothing is exposed
   */
  expose?: "read" | "write";
  /** Checks on the server what a browser writes; what it makes of the value is stored. @default any value is accepted */
  schema?: StandardSchema<T>;
};

/** Options of a family whose values live only as long as somebody keeps them. */
export type EphemeralFamilyOptions<T> = SignalOptions<T> & {
  /** A value is deleted when it was neither set nor renewed for this long, in milliseconds; at least 1_000. */
  ttlMs: number;
};

/** The exposure of a signal or family that has one. */
export type Exposure = { readonly expose: "read" | "write"; readonly schema?: StandardSchema | undefined };
