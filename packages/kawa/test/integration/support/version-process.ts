import { collection, namespace, type SignalOptions } from "../../../src/index.ts";
import { host } from "../../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { serveOperations } from "./serve-operations.ts";

// A server of the version of an app that `APP_VERSION` names. A name was a text at first, then a list, and is an object since version 3.

initReactiveBackend({ registry: reactiveRegistry });
const version = Number(process.env["APP_VERSION"]);
const app = namespace("app");

function migrate(value: unknown, fromVersion: number): unknown {
  const [first, last] = fromVersion === 1 ? String(value).split(" ") : (value as string[]);
  return version === 2 ? [first, last] : { first, last };
}
const definition: SignalOptions<unknown> = version === 1 ? {} : { version, migrate };
const name = app.family((id: string) => ({ key: `name:${id}`, default: null as unknown }), definition);
const rowMigrate = ({ name: found, ...row }: { name: unknown }, from: number): object => ({
  ...row,
  name: migrate(found, from),
});
const people = collection<{ team: string; name: unknown }>(app, "people", {
  ...(version === 1 ? {} : { version, migrate: rowMigrate as never }),
  indexes: { byTeam: ["team"] },
});
const nameOf = (text: string): unknown => {
  const [first, last] = text.split(" ");
  return [text, [first, last], { first, last }][version - 1];
};
const team = { where: { team: "red" } };

const operations = {
  stop: () => host().stop(),
  async write(id: string, text: string) {
    await name(id).set(nameOf(text));
    await people.insert({ team: "red", name: nameOf(text) }, { id });
  },
  get: (id: string) => name(id).get(),
  /** What a query of all rows shows of each. */
  rows: async () =>
    (await people.query({ ...team, onInvalid: "show" }).get()).map(({ value, error }) => error?.code ?? value?.name),
  /** Writes a value and a row again, as they are. */
  async touch(id: string) {
    await name(id).update((found) => found);
    await people.update(id, (row) => row);
  },
};

export type Operations = typeof operations;
serveOperations(operations);

// RivetKit's native part keeps a process alive after its runner was shut down.
process.on("disconnect", () => process.exit());
