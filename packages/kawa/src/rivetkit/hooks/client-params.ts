import type { ActionName, OwnParams } from "./hooks.ts";

/** The fields of each action, in the order in which they may be passed one by one. */
const fields = {
  getSignal: ["key"],
  setSignal: ["key", "value"],
  deleteSignal: ["key"],
  getAllSignals: ["prefix"],
  getStream: ["scope"],
  updateStream: ["scope", "value"],
  deleteStream: ["scope"],
  getAllStreams: [],
  registerStream: ["scope"],
  unregisterStream: ["scope"],
  clear: ["prefix"],
} as const satisfies { readonly [N in ActionName]: readonly (keyof OwnParams<N>)[] };

export const actionNames = Object.keys(fields) as ActionName[];

/**
 * What a RivetKit client has passed, in either form: `("k", 1)` or `({ key: "k", value: 1 })`. Only the action's own fields:
 * whatever else a client sends is no identity.
 */
export function clientParams(name: ActionName, args: readonly unknown[]): Record<string, unknown> {
  const names: readonly string[] = fields[name];
  const [first] = args;
  const given =
    args.length === 1 && isObject(first) ? first : Object.fromEntries(names.map((field, at) => [field, args[at]]));
  const params = Object.fromEntries(
    names.map((field) => [field, Object.hasOwn(given, field) ? given[field] : undefined]),
  );
  // No prefix means the empty one: a hook that guards "everything" must not meet two forms of it.
  return "prefix" in params ? { prefix: params["prefix"] ?? "" } : params;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
