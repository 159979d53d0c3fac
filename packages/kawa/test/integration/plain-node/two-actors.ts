import { namespace } from "kawa";
import { initReactiveBackend, reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { serveOperations } from "../support/serve-operations.ts";

const registry = setup({ use: { settings: reactiveStateActor, sessions: reactiveStateActor } });
const backends = {
  settings: initReactiveBackend({ registry, actorName: "settings" }),
  sessions: initReactiveBackend({ registry, actorName: "sessions", global: false }),
};
registry.start();

const signals = {
  settings: namespace("app").signal("value", "none"),
  sessions: namespace("app", { backend: backends.sessions }).signal("value", "none"),
};
type Name = keyof typeof signals;

const operations = {
  ids: () => Object.values(backends).map(({ id }) => id),
  get: (name: Name) => signals[name].get(),
  set: (name: Name, value: string) => signals[name].set(value),
};

export type Operations = typeof operations;
serveOperations(operations);
