import type { StandardSchema } from "./standard-schema.ts";

/** What a definition says of its values, and of what browsers may do with them. Without `expose` they can neither read nor write them. */
export type SignalOptions<T> = {
  /**
   * `read` lets client components show the signal, `write` lets browsers also set, delete and renew it. Hooks of the actor decide for
   * whom; where there are hooks of writes, browsers do only what one of them names. The signal has to be exported by a module that
   * `createReactiveRoute({ signals })` is given.
   *
   * @default nothing is exposed
   */
  expose?: "read" | "write";
  /**
   * Checks on the server what a browser writes; what it makes of the value is stored. It also checks each stored value that is read, and
   * changes nothing of it: one that does not fit is an error of its key, VALUE_INVALID. A schema that is asynchronous checks writes alone.
   *
   * @default any value is accepted
   */
  schema?: StandardSchema<T>;
  /**
   * Which version of the definition this is: a whole number that grows by 1 with each change that stored values do not fit. It is stored with
   * each value that is written; values without one are of version 1. It needs `migrate`.
   *
   * @default 1
   */
  version?: number;
  /**
   * Makes a value of this version of one that an earlier version has stored. It runs when such a value is read, once on each server and
   * wherever a browser has an older value; the value is stored anew when somebody writes it. It must be pure, and return a new object
   * instead of changing what it was given.
   *
   * @example
   * const settings = app.signal("settings", { theme: "light", size: 16 }, {
   *   version: 2,
   *   migrate: (value) => ({ theme: value as string, size: 16 }), // version 1 was the theme alone
   * });
   */
  migrate?: (value: unknown, fromVersion: number) => NoInfer<T>;
};

/** Options of a family whose values live only as long as somebody keeps them. */
export type EphemeralFamilyOptions<T> = SignalOptions<T> & {
  /** A value is deleted when it was neither set nor renewed for this long, in milliseconds; at least 1_000. */
  ttlMs: number;
};

/** The options of a signal or family that browsers may reach. */
export type Exposure = SignalOptions<unknown> & { readonly expose: "read" | "write" };

export function exposureOf(options: SignalOptions<unknown> | undefined): Exposure | undefined {
  return options?.expose && (options as Exposure);
}
