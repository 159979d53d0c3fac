import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { versionOfEntry } from "../../core/backend/entry.ts";
import { namespace } from "../../core/namespace.ts";
import { transaction } from "../../core/transaction.ts";
import { versionOfText } from "../../core/value/value-version.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { RivetBackend } from "./rivet-backend.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.restoreAllMocks());

type User = { readonly name: string; readonly secret?: string };

/** A backend whose actor shows nobody a secret, and writes every name in capitals. */
async function backendWith(hooks: ReactiveStateActorHooks): Promise<RivetBackend> {
  actor = new FakeActor(hooks);
  await actor.start();
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return backend;
}

const shouting: ReactiveStateActorHooks = {
  getSignal: async (_, params, next) => {
    const user = (await next(params)) as User | undefined;
    return user && { name: user.name };
  },
  setSignal: (_, params, next) => {
    const { name } = params.value as User;
    return next({ ...params, value: { ...(params.value as User), name: name.toUpperCase() } });
  },
};
const migrate = (value: unknown, fromVersion: number): User => ({ name: `${(value as User).name} of ${fromVersion}` });
const versionStored = (key: string): number => versionOfText(actor.store.get(key).text as string);

it("what hooks make of a value keeps its version, stored and shown", async () => {
  const backend = await backendWith(shouting);
  const user = namespace("app", { backend }).signal<User>("user", { name: "nobody" }, { version: 2, migrate });
  await backend.set("app:user", { name: "ada", secret: "s" });
  expect(versionStored("app:user")).toBe(1);
  expect(await user.get()).toEqual({ name: "ADA of 1" });
  await user.set({ name: "bob", secret: "s" });
  expect(versionStored("app:user")).toBe(2);
  expect(await user.get()).toEqual({ name: "BOB" });
  await user.update(({ name }) => ({ name: `${name}!` }));
  await user.merge({ secret: "t" });
  await transaction((tx) => tx.merge(user, { secret: "u" }));
  expect([versionStored("app:user"), await user.get()]).toEqual([2, { name: "BOB!" }]);
});

it("a change that hooks have to pass is made of a value of its own version alone", async () => {
  const backend = await backendWith({ setSignal: (_, params, next) => next(params) });
  const counter = namespace("app", { backend }).signal("n", 0, { version: 2, migrate: Number });
  await backend.set("app:n", "5");
  expect(await Promise.all([counter.increment(), counter.increment()])).toEqual(expect.arrayContaining([6, 7]));
  expect(versionStored("app:n")).toBe(2);
  await backend.set("app:n", 5, { version: 3 });
  for (const write of [() => counter.increment(), () => counter.update((n) => n), () => counter.get()])
    expect(await codeOf(write)).toBe("VALUE_TOO_NEW");
  expect(versionStored("app:n")).toBe(3);
});

it("an undefined that is stored is a value of any version", async () => {
  const backend = await backendWith({ getSignal: (_, params, next) => next(params) });
  await backend.set("u", undefined, { version: 2 });
  const reader = await backend.readerFor({ context: {} });
  await reader.load(["u", "none"]);
  const entry = reader.entry("u").peek();
  expect([entry.state, versionOfEntry(entry), reader.entry("none").peek().state]).toEqual(["present", 2, "absent"]);
});
