import { use } from "react";
import { ready } from "./fulfilled.ts";
import { type RequestScope, requestScope } from "./request-scope.ts";

/** The scope of the render, once it is known to belong to a request. Makes the route dynamic. */
export function useDynamicScope(): RequestScope {
  const scope = requestScope();
  use(scope.isDynamic ? ready : scope.markDynamic());
  return scope;
}
