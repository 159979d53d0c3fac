import { Suspense, type ReactElement, type ReactNode } from "react";
import { expect, it, vi } from "vitest";
import {
  collection,
  computed,
  memberIdsOf,
  namespace,
  type Readable,
  useReactive,
} from "../../src/index.react-server.ts";
import type { RequestScope } from "../../src/react/render/render-scope.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { createMemoryShards } from "../support/memory-shards.ts";
import { outputsOf, renderServer } from "./flight.ts";

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ host: "app.test" }) }));

const { backend, shards } = createMemoryShards("render-test", 4);
const users = namespace("users", { backend }).family((id: string) => ({ key: `${id}:n`, default: 0 }));
const visitors = namespace("visitors", { backend }).family(
  (at: { room: string; id: string }) => ({ key: `${at.room}:${at.id}`, default: "" }),
  { ttlMs: 60_000 },
);
/** A user on each of two shards. */
const ids = Array.from({ length: 40 }, (_, n) => String(n));
const [one, other] = [0, 2].map((index) => ids.find((id) => backend.shardOf!(`users:${id}:n`) === shards[index])!) as [
  string,
  string,
];
const scopes: RequestScope[] = [];

function Value({ of }: { of: Readable<unknown> }): ReactElement {
  const value = useReactive(of);
  scopes.push(requestScope());
  return <output>{JSON.stringify(value)}</output>;
}

async function After({
  before,
  children,
}: {
  before: () => Promise<void>;
  children: ReactNode;
}): Promise<ReactElement> {
  await before();
  return <>{children}</>;
}

const turn = (): Promise<void> => new Promise(setImmediate);

async function write(n: number): Promise<void> {
  await Promise.all([users(one).set(n), users(other).set(n)]);
}

it("a render pins each shard that it reads, and announces these and no others", async () => {
  await write(1);
  const versions = [shards[0]!.version, shards[2]!.version];
  const sum = computed(() => users(one).value + users(other).value);
  const flight = await renderServer(
    <>
      <Value of={users(one)} />
      <Value of={users(other)} />
      <After before={() => turn().then(() => write(2))}>
        <Value of={sum} />
        <Suspense fallback={null}>
          <After before={() => turn().then(() => write(3))}>
            <Value of={users(one)} />
            <Value of={users(other)} />
          </After>
        </Suspense>
      </After>
    </>,
  );
  expect(outputsOf(flight)).toEqual(["1", "1", "2", "1", "1"]);
  expect(Object.fromEntries(scopes.at(-1)!.versions)).toEqual({
    "render-test#0of4": versions[0],
    "render-test#2of4": versions[1],
  });
  expect([...scopes.at(-1)!.reads!.keys.keys()].sort()).toEqual(["render-test#0of4", "render-test#2of4"]);
});

it("a render finds the list of a group where its members are", async () => {
  await visitors({ room: "kitchen", id: "ada" }).set("Ada");
  await visitors({ room: "kitchen", id: "bob" }).set("Bob");
  const flight = await renderServer(<Value of={memberIdsOf(visitors, { room: "kitchen" })} />);
  expect(outputsOf(flight)).toEqual(['["ada","bob"]']);
  expect(scopes.at(-1)!.reads!.keys.size).toBe(1);
});

it("a render shows collections of two tenants on two shards, each of one version", async () => {
  const indexes = { byList: ["list", "rank"] } as const;
  const todosOf = (tenant: string) =>
    collection<{ list: string; rank: number }>(namespace(tenant, { backend }), "todos", { indexes });
  const tenants = Array.from({ length: 40 }, (_, n) => `tenant${n}`);
  const [a, b] = [1, 3].map((index) =>
    todosOf(tenants.find((tenant) => backend.shardOf!(`${tenant}:todos:x`) === shards[index])!),
  ) as [ReturnType<typeof todosOf>, ReturnType<typeof todosOf>];
  const insert = async (rank: number): Promise<void> => {
    await Promise.all([a, b].map((todos) => todos.insert({ list: "home", rank }, { id: `r${rank}` })));
  };
  await insert(1);
  const versions = [shards[1]!.version, shards[3]!.version];
  const shown = [a, b].flatMap((todos) => [
    computed(() => todos.query({ where: { list: "home" }, order: "desc" }).value.map(({ id }) => id)),
    todos.count({ where: { list: "home" } }),
  ]);
  const all = (): ReactNode => shown.map((of, at) => <Value key={at} of={of} />);
  const flight = await renderServer(
    <>
      {all()}
      <After before={() => turn().then(() => insert(2))}>
        <Suspense fallback={null}>
          <After before={() => turn().then(() => a.delete("r1"))}>{all()}</After>
        </Suspense>
      </After>
    </>,
  );
  const once = ['["r1"]', "1", '["r1"]', "1"];
  expect(outputsOf(flight)).toEqual([...once, ...once]);
  expect(Object.fromEntries(scopes.at(-1)!.versions)).toEqual({
    "render-test#1of4": versions[0],
    "render-test#3of4": versions[1],
  });
  const later = await renderServer(<>{all()}</>);
  expect(outputsOf(later)).toEqual(['["r2"]', "1", '["r2","r1"]', "2"]);
});
