import { type ReactElement, Suspense } from "react";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { namespace, useReactive } from "../../src/index.react-server.ts";
import { refreshRoute } from "../../src/next/refresh/refresh-route.ts";
import { FollowedTab, type TabStream } from "../../src/next/stream/followed-tab.ts";
import { readStreamToken } from "../../src/next/stream/stream-token.ts";
import { createRenderId } from "../../src/react/render/render-id.ts";
import { shareSecret } from "../../src/rivetkit/secret/shared-secret.ts";
import { renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ headers: new Headers(), afterAnswer: [] as (() => void)[] }));

vi.mock("next/cache", () => ({ refresh: () => {} }));
vi.mock("next/headers", () => ({ headers: async () => next.headers }));
vi.mock("next/server", () => ({
  connection: async () => {},
  after: (work: () => void) => void next.afterAnswer.push(work),
}));

let backend: Backend;

beforeEach(() => {
  next.headers = new Headers({ host: "localhost" });
  next.afterAnswer = [];
  backend = createMemoryBackend("refreshed-route");
  registerBackend(backend, { global: true });
  shareSecret("a secret of the test");
});

afterEach(() => unregisterBackend(backend));

const counter = namespace("refreshed").signal("counter", 0);

function Count(): ReactElement {
  return <output>{useReactive(counter)}</output>;
}

/** A tab that shows what was asked for, below a layout that Next keeps as static. */
function follow(id: string) {
  const noteChange = vi.fn<TabStream["noteChange"]>();
  const tokens: string[] = [];
  const send = (name: string, data: unknown): void => {
    if (name === "token") tokens.push((data as { token: string }).token);
  };
  const room = { takeReads: () => true, giveBackReads: () => {} };
  const tab = new FollowedTab(
    { subject: "", needsDrain: false, send: send as TabStream["send"], noteChange, ...room },
    "tab",
  );
  tab.follow({ route: [[id, ""]] });
  onTestFinished(() => tab.stop());
  /** What the next server is told that the render has read; undefined where it is told nothing. */
  const told = (): string[] | undefined => {
    const render = readStreamToken("", tokens.at(-1)).renders.get(id);
    return render && [...render.keys.values()].flatMap((keys) => [...keys]);
  };
  return { noteChange, told };
}

it("a tab that is followed before a late part reads first is told of its changes, by the next server too", async () => {
  const id = createRenderId();
  await refreshRoute(id, "");
  const held = Promise.withResolvers<void>();
  const Late = async (): Promise<ReactElement> => {
    await held.promise;
    return <Count />;
  };
  const rendering = renderServer(
    <Suspense fallback={null}>
      <Late />
    </Suspense>,
  );
  const { noteChange, told } = follow(id);
  expect(told()).toBeUndefined();
  held.resolve();
  await rendering;
  await vi.waitFor(() => expect(told()).toEqual(["refreshed:counter"]));
  expect(noteChange).not.toHaveBeenCalled();
  await counter.set(1);
  await vi.waitFor(() => expect(noteChange).toHaveBeenCalled());
});

it("a page that reads nothing is known to have read nothing, once it has been sent", async () => {
  const id = createRenderId();
  await refreshRoute(id, "");
  const { noteChange, told } = follow(id);
  await renderServer(<p>Nothing</p>);
  expect(told()).toBeUndefined();
  for (const work of next.afterAnswer) work();
  await vi.waitFor(() => expect(told()).toEqual([]));
  await counter.set(1);
  expect(noteChange).not.toHaveBeenCalled();
});
