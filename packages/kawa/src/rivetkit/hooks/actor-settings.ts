import { processState } from "../../core/process/process-state.ts";
import type { AnyHooks } from "./hooks.ts";

/** What `createReactiveStateActor` was given. */
export type ActorSettings = {
  readonly hooks: AnyHooks;
  /** Largest encoded value. */
  readonly maxValueBytes: number;
};

const symbol = Symbol.for("kawa.actor-settings");

export function attachSettings(definition: object, settings: ActorSettings): void {
  Object.defineProperty(definition, symbol, { value: settings });
}

/** Undefined for an actor of another kind. */
export function settingsOf(definition: object): ActorSettings | undefined {
  return (definition as Readonly<Record<symbol, ActorSettings | undefined>>)[symbol];
}

/** Settings by the actor's name in the registry. After an edit in development the running actor goes on with the newer hooks. */
const latest = processState("actor-settings", () => new Map<string, ActorSettings>());

/** Returns whether some of them are new. */
export function keepLatestSettings(definitions: Readonly<Record<string, object>>): boolean {
  let areNew = false;
  for (const [name, definition] of Object.entries(definitions)) {
    const settings = settingsOf(definition);
    if (!settings || latest.get(name) === settings) continue;
    latest.set(name, settings);
    areNew = true;
  }
  return areNew;
}

export function latestSettings(name: string): ActorSettings | undefined {
  return latest.get(name);
}
