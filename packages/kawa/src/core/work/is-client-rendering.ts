import * as React from "react";

type ClientInternals = { readonly H?: { readonly useState: unknown; readonly useEffect: unknown } | null };

// React tells it in no other way. Where it has no such internals, no component is taken for a client component.
const internals = (React as Record<string, unknown>)[
  "__CLIENT_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE"
] as ClientInternals | undefined;

/** True while React runs a client component. At other times it has no hooks, or one that throws in place of each. */
export function isClientRendering(): boolean {
  const hooks = internals?.H;
  return !!hooks && hooks.useState !== hooks.useEffect;
}
