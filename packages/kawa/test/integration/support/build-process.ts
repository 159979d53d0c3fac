import { setup } from "rivetkit";
import { namespace } from "../../../src/index.ts";
import { createReactiveStateActor, initReactiveBackend } from "../../../src/rivetkit/index.ts";
import { hostedServices } from "../../../src/rivetkit/wire/hosted-services.ts";
import { serveOperations } from "./serve-operations.ts";

// A server of one of two builds of an app: the code of its actor writes which one it is beside each value.

const build = process.env["BUILD"];
const reactiveState = createReactiveStateActor({
  setSignal: (c, params, next) => next({ ...params, value: { n: params.value, by: build } }),
});
const registry = setup({ use: { reactiveState }, noWelcome: true });
initReactiveBackend({ registry });
const app = namespace("app");

const operations = {
  start: () => registry.startAndWait(),
  set: (key: string, n: number) => app.signal<unknown>(key, null).set(n),
  get: (key: string) => app.signal<unknown>(key, null).get(),
  hostsActors: () => hostedServices.size,
};

export type Operations = typeof operations;
serveOperations(operations);
process.on("disconnect", () => process.exit());
