import { isLeftOut } from "#platform";
import { computed } from "./computed.ts";
import type { FamilyDefinition } from "./family-pattern.ts";
import { memberOf, type Members, membersKey, noMembers } from "./backend/members.ts";
import type { Readable } from "./backend/reads.ts";
import { type BackedSignal, type Signal, type SignalDefinition, signalOf } from "./signal.ts";

/** A family whose values end when nobody renews them. */
export interface EphemeralFamily<P, T> {
  (param: P): Signal<T>;
  /** @internal */
  readonly definition: FamilyDefinition<never>;
}

/** Names a group: the parameter of a member without the field that ends its key. */
export type GroupParam<P> = P extends string ? [] : [group: Partial<P>];

/**
 * Ids of the members of a group that have a value, in the order in which they came: the last segments of their keys. It changes
 * when a member comes or goes, and not with its value. Where a hook decides about reads, they are those that the reader may read.
 *
 * @example
 * useReactive(memberIdsOf(visitors, { room })).length; // "3 people here"
 */
export function memberIdsOf<P, T>(
  family: EphemeralFamily<P, T>,
  ...[group]: GroupParam<P>
): Readable<readonly string[]> {
  return listsOf(family, group as Partial<P> | undefined).ids;
}

/** As {@link memberIdsOf}, with their values. It changes with each of them. A member whose value does not fit the definition is left out. */
export function membersOf<P, T>(
  family: EphemeralFamily<P, T>,
  ...[group]: GroupParam<P>
): Readable<ReadonlyMap<string, T>> {
  return listsOf(family, group as Partial<P> | undefined).members;
}

/** The list that a backend keeps of a group. It may be read by everyone who may read the members. */
export function membersSignal(
  group: string,
  { backend, options }: Pick<SignalDefinition<unknown>, "backend" | "options">,
): BackedSignal<Members> {
  return signalOf({ key: membersKey(group), initial: noMembers, backend, options: options?.expose && readable });
}

const readable = { expose: "read" } as const;

type Lists<T> = { readonly ids: Readable<readonly string[]>; readonly members: Readable<ReadonlyMap<string, T>> };

// React has to be given the same readable in each render.
const made = new WeakMap<object, WeakMap<BackedSignal<Members>, Lists<unknown>>>();

function listsOf<P, T>(family: EphemeralFamily<P, T>, given: Partial<P> | undefined): Lists<T> {
  const keyOf = family.definition.keyOf as (param: P) => string;
  const index = membersSignal(memberOf(keyOf(withId(given, "id"))).group, family.definition);
  const ofFamily = made.get(family) ?? new WeakMap<BackedSignal<Members>, Lists<unknown>>();
  made.set(family, ofFamily);
  let lists = ofFamily.get(index) as Lists<T> | undefined;
  if (!lists) {
    const ids = computed(() => index.value.ids);
    const members = computed(() => new Map(ids.value.flatMap((id) => memberIn(id, family(withId(given, id))))));
    ofFamily.set(index, (lists = { ids, members }));
  }
  return lists;
}

/** One member whose value cannot be shown hides no other. */
function memberIn<T>(id: string, member: Signal<T>): [string, T][] {
  try {
    return [[id, member.value]];
  } catch (error) {
    if (!isLeftOut(member.key, error)) throw error;
    return [];
  }
}

/** A parameter whose missing field is `id`, whatever its name; `id` itself where a parameter is no more than that. */
function withId<P>(given: Partial<P> | undefined, id: string): P {
  if (given === undefined) return id as P;
  return new Proxy(given, { get: (fields, name) => Reflect.get(fields, name) ?? id }) as P;
}
