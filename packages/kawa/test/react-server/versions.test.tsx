import type { ReactElement } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import {
  collection,
  computed,
  namespace,
  read,
  type Readable,
  type StandardSchema,
  useReactive,
} from "../../src/index.react-server.ts";
import { knownRenders } from "../../src/react/render/known-renders.ts";
import { outputsOf, renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ render: "" }));

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ "x-kawa-render": next.render }) }));

type User = { readonly name: string };

let count = 0;
let backend: Backend;

beforeEach(() => {
  count += 1;
  next.render = `version-number-${String(count).padStart(8, "0")}`;
  backend = createMemoryBackend(`versions-${count}`);
  registerBackend(backend, { global: true });
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  unregisterBackend(backend);
});

const schema: StandardSchema<User> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as User).name === "string" ? { value: value as User } : { issues: [{ message: "no name" }] },
  },
};
const app = namespace("versions");
const definition = { schema, version: 2, migrate: (name: unknown) => ({ name }) as User };
const user = app.family((id: string) => ({ key: `user:${id}`, default: { name: "nobody" } }), definition);
const users = collection<User>(app, "users", definition);

function Shown({ of }: { of: Readable<unknown> }): ReactElement {
  return <output>{JSON.stringify(useReactive(of))}</output>;
}

async function Read({ of }: { of: Readable<unknown> }): Promise<ReactElement> {
  return <output>{JSON.stringify(await read(of))}</output>;
}

it.each([
  ["useReactive", Shown],
  ["read", Read],
])("%s shows what was migrated, in a signal, a computed value and a query", async (_, Component) => {
  await backend.set("versions:user:ada", "Ada");
  await backend.set("versions:users:ada", "Ada");
  const name = computed(() => user("ada").value.name);
  const flight = await renderServer(
    <>
      <Component of={user("ada")} />
      <Component of={name} />
      <Component of={users.query()} />
    </>,
  );
  expect(flight.errors).toEqual([]);
  expect(outputsOf(flight)).toEqual(['{"name":"Ada"}', '"Ada"', '[{"id":"ada","value":{"name":"Ada"}}]']);
});

it.each([
  ["useReactive", Shown],
  ["read", Read],
])("%s throws in the component that reads what does not fit, and the others are shown", async (_, Component) => {
  await backend.set("versions:user:ada", 5);
  await backend.set("versions:user:bob", "Bob");
  await backend.set("versions:user:cy", { name: "Cy" }, { version: 3 });
  const flight = await renderServer(
    <>
      <Component of={user("ada")} />
      <Component of={user("bob")} />
      <Component of={user("cy")} />
    </>,
  );
  expect(flight.errors.map((error) => (error as { code: unknown }).code).toSorted()).toEqual([
    "VALUE_INVALID",
    "VALUE_TOO_NEW",
  ]);
  expect(outputsOf(flight)).toEqual(['{"name":"Bob"}']);
  // The page is rendered again when the value is a good one.
  expect([...knownRenders().get(next.render)!.keys.get(backend.id)!]).toContain("versions:user:ada");
});

it("a page shows the rows that fit, and the others where it asks for them", async () => {
  await backend.set("versions:users:a", "Ada");
  await backend.set("versions:users:b", 5);
  const all = computed(() => users.query({ onInvalid: "show" }).value.map((row) => row.error?.code ?? row.value?.name));
  const flight = await renderServer(
    <>
      <Shown of={users.query()} />
      <Shown of={all} />
    </>,
  );
  expect(flight.errors).toEqual([]);
  expect(outputsOf(flight)).toEqual(['[{"id":"a","value":{"name":"Ada"}}]', '["Ada","VALUE_INVALID"]']);
});
