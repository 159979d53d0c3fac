import { namespace } from "kawa";
import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";
import { serveOperations } from "../../support/serve-operations.ts";
import { analytics, global, users } from "./namespaces.ts";
import { analyticsBackend, userBackend } from "./server.ts";

const backends = {
  users: userBackend,
  analytics: analyticsBackend,
  global: initReactiveBackend({ registry: reactiveRegistry }),
};
const namespaces = { users, analytics, global };
type Name = keyof typeof backends;

/** The same key in each of the three actors. */
const sameKey = (name: Name) =>
  namespace("shared", name === "global" ? {} : { backend: backends[name] }).signal("value", "none");

const operations = {
  set: (name: Name, value: string) => sameKey(name).set(value),
  get: (name: Name) => sameKey(name).get(),
  /** Writes in a namespace inside a namespace; returns the key. */
  setNested: async (name: Name, value: string) => {
    const signal = namespaces[name].namespace("nested").signal("value", "none");
    await signal.set(value);
    return signal.key;
  },
  /** Which actors have a value of this key. */
  holders: async (key: string) => {
    await Promise.all(Object.values(backends).map((backend) => backend.load([key])));
    return Object.entries(backends).flatMap(([name, backend]) =>
      backend.entry(key).peek().state === "present" ? [name] : [],
    );
  },
};

export type Operations = typeof operations;
serveOperations(operations);
reactiveRegistry.start();
