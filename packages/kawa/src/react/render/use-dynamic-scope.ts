import { type HookCall, suspension, useHookPlace } from "../checks/hook-place.ts";
import type { RequestScope } from "./render-scope.ts";
import { requestScope } from "./request-scope.ts";

const call: HookCall = {
  hook: useDynamicScope,
  name: "A live fragment, made with reactive(),",
  instead: "<Fragment /> instead of a call",
};

/** The scope of the render. It waits until the render is known to belong to a request, and makes the route dynamic. */
export function useDynamicScope(): RequestScope {
  const scope = requestScope();
  scope.checkRequest();
  const place = useHookPlace(call);
  if (!scope.isDynamic) throw suspension(place, call, () => scope.markDynamic());
  return scope;
}
