import { namespace } from "kawa";
import { initReactiveBackend, reactiveRegistry, rivetClientOptions } from "kawa/rivetkit";
import { serveOperations } from "../support/serve-operations.ts";

const operations = {
  /** As a server that asks for its engine before any module has brought actors. */
  async setAfterStart(value: string): Promise<string> {
    await rivetClientOptions();
    initReactiveBackend({ registry: reactiveRegistry });
    const signal = namespace("app").signal("value", "none");
    await signal.set(value);
    return signal.get();
  },
};

export type Operations = typeof operations;
serveOperations(operations);
