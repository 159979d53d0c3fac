import "./server.ts";
import { counter } from "./signals/counter.ts";
import { serveOperations } from "../../support/serve-operations.ts";

const operations = {
  get: () => counter.get(),
  set: (value: number) => counter.set(value),
};

export type Operations = typeof operations;
serveOperations(operations);
