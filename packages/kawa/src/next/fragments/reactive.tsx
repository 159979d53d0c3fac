import type { ReactNode } from "react";
import { clip } from "../../core/errors.ts";
import { formatVersions, toShownVersions } from "../../core/version.ts";
import { callSiteOf } from "../../react/call-site.ts";
import { fragmentScope } from "../../react/fragment-scope.ts";
import { isPromise } from "../../react/is-promise.ts";
import type { RequestScope } from "../../react/request-scope.ts";
import { useDynamicScope } from "../../react/use-dynamic-scope.ts";
import { markOwnRun } from "../../react/wrap-components.ts";
import { LiveFragment } from "./client/live-fragment.tsx";
import { type FragmentComponent, registerFragment } from "./fragment-registry.ts";
import { sealFragment } from "./fragment-token.ts";

export type ReactiveOptions = {
  /** Names the component, the same on every server. @default the place in the code that calls `reactive` */
  id?: string;
};

/**
 * Makes a server component live by itself: when something changes that it has read, the server renders it alone and pushes the
 * result to the browser, and the route around it is not rendered. Client components inside keep their state.
 *
 * Call it at the top of a module. Props must be plain data of at most 8 KiB (JSON, Date, Map, Set, BigInt, typed arrays); with
 * others, such as functions or `children`, it is an ordinary part of its page. They travel to the browser, which can neither
 * look into them nor change them, and it may ask for the fragment for up to two days: check in the component what only some may see.
 *
 * @example
 * export const Score = reactive(function Score({ team }: { team: string }) {
 *   return <b>{useReactive(score(team))}</b>;
 * });
 */
export function reactive<Props extends object>(
  component: (props: Props) => ReactNode | Promise<ReactNode>,
  options: ReactiveOptions = {},
): (props: Props) => ReactNode | Promise<ReactNode> {
  const id = options.id ?? `${callSiteOf(reactive) ?? ""}#${clip(component.name)}`;
  registerFragment(id, component as FragmentComponent);

  function Fragment(props: Props): ReactNode | Promise<ReactNode> {
    const scope = useDynamicScope();
    const token = sealFragment({ id, props });
    if (token === undefined) return component(props);
    const reads = fragmentScope().readsOf(token);
    const node = fragmentScope().run(reads, () => component(props));
    const show = (children: ReactNode): ReactNode => (
      <LiveFragment token={token} render={reads.id} versions={versionsOf(scope)}>
        {children}
      </LiveFragment>
    );
    return isPromise(node) ? node.then(show) : show(node);
  }
  Object.defineProperty(Fragment, "name", { value: component.name });
  markOwnRun(Fragment);
  return Fragment;
}

function versionsOf(scope: RequestScope): string {
  return formatVersions(toShownVersions(scope.versions.values()));
}
