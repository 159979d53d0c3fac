import "./server.ts";
import { namespace } from "kawa";
import { serveOperations } from "../../support/serve-operations.ts";

const theme = namespace("app").signal("theme", "dark");

const operations = {
  get: () => theme.get(),
  set: (value: string) => theme.set(value),
};

export type Operations = typeof operations;
serveOperations(operations);
