import { clip, KawaError } from "../../core/errors/errors.ts";
import { type EphemeralFamily, membersSignal } from "../../core/ephemeral-family.ts";
import { type ExposedFamily, exposedFamilyOf } from "../../core/family-pattern.ts";
import { groupIn } from "../../core/backend/members.ts";
import { notice } from "../../core/process/notice.ts";
import { type BackedSignal, backed, isBacked, knownSignal } from "../../core/signal.ts";

/** Modules that define signals, as `import * as signals` gives them. */
export type SignalModules = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

/** The signals that browsers can reach: members of the given modules whose definitions expose them, and nothing else. */
export class ExposedSignals {
  readonly #byKey = new Map<string, BackedSignal<unknown>>();
  readonly #families = new Map<object, ExposedFamily>();

  /** @throws {KawaError} OPTION_INVALID - two of the signals have the same key */
  constructor(modules: SignalModules = []) {
    for (const member of [modules].flat().flatMap((module) => Object.values(module))) {
      const family = exposedFamilyOf(member);
      if (family) this.#families.set(member as object, family);
      if (isBacked(member)) this.#add(member);
    }
  }

  /**
   * Undefined for what does not exist and for what is not exposed, alike.
   *
   * @throws {KawaError} OPTION_INVALID - two definitions expose the key
   */
  find(key: string, access: "read" | "write"): BackedSignal<unknown> | undefined {
    const members = [...this.#families.values()].map((family) => family.find(key));
    const found = [this.#byKey.get(key), this.#listOf(key), ...members].filter((one) => one !== undefined);
    if (found.length > 1) throw exposedTwice(key);
    const signal = found[0] && backed(found[0]);
    if (!signal && process.env.NODE_ENV === "development") tellForgotten(key);
    return access === "read" || signal?.exposure?.expose === "write" ? signal : undefined;
  }

  /** The list of a group is exposed where its members are. */
  #listOf(key: string): BackedSignal<unknown> | undefined {
    const group = groupIn(key);
    if (group === undefined) return undefined;
    const [family] = [...this.#families].find(([, { hasGroup }]) => hasGroup(group)) ?? [];
    return (
      family &&
      (membersSignal(group, (family as EphemeralFamily<unknown, unknown>).definition) as BackedSignal<unknown>)
    );
  }

  #add(signal: BackedSignal<unknown>): void {
    if (!signal.exposure) return;
    const known = this.#byKey.get(signal.key);
    if (known && known !== signal) throw exposedTwice(signal.key);
    this.#byKey.set(signal.key, signal);
  }
}

/** In development: whoever asks for such a signal has its definition, and the route does not. */
function tellForgotten(key: string): void {
  if (!knownSignal(key)?.exposure) return;
  notice(
    "NOT_EXPOSED",
    `Browsers ask for "${clip(key)}", which is exposed where it is defined, but its module was not given to the route. Write: ` +
      `import * as signals from "@/lib/signals"; export const { GET, POST, PUT } = createReactiveRoute({ signals });`,
  );
}

function exposedTwice(key: string): KawaError {
  return new KawaError(
    "OPTION_INVALID",
    `Two definitions expose "${clip(key)}". Browsers name signals by their keys: give each its own.`,
  );
}
