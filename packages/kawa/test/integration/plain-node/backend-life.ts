import { namespace } from "kawa";
import {
  initReactiveBackend,
  isReactiveBackendInitialized,
  type ReactiveBackend,
  reactiveRegistry,
} from "kawa/rivetkit";
import { serveOperations } from "../support/serve-operations.ts";

let backend: ReactiveBackend | undefined;
const statuses: string[] = [];
const note = (): void => {
  const status = backend?.status ?? "none";
  if (status !== statuses.at(-1)) statuses.push(status);
};

const signalOf = (isGlobal: boolean) =>
  isGlobal || !backend ? namespace("life").signal("value", 0) : namespace("life", { backend }).signal("value", 0);

const operations = {
  isInitialized: () => isReactiveBackendInitialized(),
  init: (global: boolean) => {
    const before = backend;
    backend = initReactiveBackend({ registry: reactiveRegistry, global });
    note();
    return backend === before;
  },
  status: () => backend?.status,
  /** Starts, and returns all statuses that the backend has had. */
  start: async () => {
    const timer = setInterval(note, 1);
    await reactiveRegistry.start();
    clearInterval(timer);
    note();
    return statuses;
  },
  get: (isGlobal: boolean) => signalOf(isGlobal).get(),
  set: (isGlobal: boolean, value: number) => signalOf(isGlobal).set(value),
  close: () => backend?.close(),
  shutdown: () => reactiveRegistry.shutdown(),
};

export type Operations = typeof operations;
serveOperations(operations);
