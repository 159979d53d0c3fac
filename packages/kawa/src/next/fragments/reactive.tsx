import { type ReactNode, use } from "react";
import { clip } from "../../core/errors/errors.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { callSiteOf } from "../../react/checks/call-site.ts";
import { fragmentScope } from "../../react/render/fragment-scope.ts";
import { isPromise } from "../../react/checks/is-promise.ts";
import type { RequestScope } from "../../react/render/render-scope.ts";
import { useDynamicScope } from "../../react/render/use-dynamic-scope.ts";
import { markOwnRun } from "../../react/render/wrap-components.ts";
import { LiveFragment } from "./client/live-fragment.tsx";
import { type FragmentComponent, keepUnshared, registerFragment } from "./push/fragment-registry.ts";
import { sealFragment } from "./push/fragment-token.ts";

/** Options of {@link reactive}. */
export type ReactiveOptions = {
  /** Names the component, the same on every server. @default the place in the code that calls `reactive` */
  id?: string;
  /**
   * False has the server run the component for each tab on its own. By default it runs once a change for all tabs that show it with the
   * same props, as long as it asks for nothing that tells visitors apart, such as `cookies()`, `headers()`, a session or a hook of reads.
   * Write it where a component makes something of its own for each visitor, such as a random id.
   *
   * @default true
   */
  shared?: boolean;
};

/**
 * Makes a server component live by itself: when something changes that it has read, the server renders it alone and pushes the
 * result to the browser, and the route around it is not rendered. Client components inside keep their state.
 *
 * A page can be one as well, with its `params` and `searchParams`; its layouts and its metadata are then left as they are.
 *
 * Call it at the top of a module. Props must be plain data of at most 8 KiB (JSON, Date, Map, Set, BigInt, typed arrays); with
 * others, such as functions or `children`, it is an ordinary part of its page. They travel to the browser, which can neither
 * look into them nor change them, and it may ask for the fragment for up to two days: check in the component what only some may see.
 *
 * @example
 * export const Score = reactive(function Score({ team }: { team: string }) {
 *   return <b>{useReactive(scoreOf(team))}</b>;
 * });
 * @example
 * export default reactive(async function Page({ params }: { params: Promise<{ team: string }> }) {
 *   const { team } = await params;
 *   return <><h1>{team}</h1><Score team={team} /></>;
 * });
 */
export function reactive<Props extends object>(
  component: (props: Props) => ReactNode | Promise<ReactNode>,
  options: ReactiveOptions = {},
): (props: Props) => ReactNode | Promise<ReactNode> {
  const id = options.id ?? `${callSiteOf(reactive) ?? ""}#${clip(component.name)}`;
  registerFragment(id, component as FragmentComponent);
  if (options.shared === false) keepUnshared(component as FragmentComponent);

  function Fragment(props: Props): ReactNode | Promise<ReactNode> {
    const scope = useDynamicScope();
    const token = sealFragment({ id, ...plainProps(props) });
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

/** Next gives these to a page as promises, whatever it does with them. */
const promisedByNext = ["params", "searchParams"] as const;

function plainProps(props: object): { props: object; promised: readonly string[] } {
  const given = props as Readonly<Record<string, unknown>>;
  const promised = promisedByNext.filter((name) => isPromise(given[name]));
  const known = promised.map((name) => [name, use(given[name] as Promise<unknown>)] as const);
  return { props: { ...given, ...Object.fromEntries(known) }, promised };
}

function versionsOf(scope: RequestScope): string {
  return formatVersions(toShownVersions(scope.versions.values()));
}
