// What an app writes with each entry, for `npm run test:package`: its declarations are checked with the compilers of apps.
import { QueryClient } from "@tanstack/react-query";
import {
  computed,
  effect,
  isKawaError,
  memberIdsOf,
  namespace,
  read,
  type Signal,
  usePresence,
  useReactive,
} from "kawa";
import { createReactiveRoute, LiveUpdates, reactive, startKawa } from "kawa/next";
import { useLiveStatus } from "kawa/next/client";
import { withKawa } from "kawa/next/config";
import { createMiddleware } from "kawa/next/middleware";
import { createSessions } from "kawa/next/session";
import { signalQueryOptions, useSignalQuery } from "kawa/query";
import { createReactiveStateActor, initReactiveBackend } from "kawa/rivetkit";
import { redisStorage } from "kawa/rivetkit/storage";
import type { ReactNode } from "react";
import { setup } from "rivetkit";

const app = namespace("app");
export const counter: Signal<number> = app.signal("counter", 0, { expose: "write" });
export const doubled = computed(() => counter.value * 2);
export const visitors = app.family((id: string) => ({ key: `visitors:${id}`, default: "" }), {
  expose: "write",
  ttlMs: 10_000,
});

const reactiveState = createReactiveStateActor<{ readonly userId?: string | undefined }>(
  { setSignal: async (c, params, next) => await next(c.conn ? params : { ...params, value: params.value }) },
  { storage: redisStorage({ url: "redis://localhost" }) },
);
export const registry = setup({ use: { reactiveState } });
export const sessions = createSessions<{ readonly userId: string }>();
export const backend = initReactiveBackend({
  registry,
  getContext: async () => ({ userId: (await sessions.read())?.data?.userId }),
});

export const nextConfig = withKawa({ reactStrictMode: true });
export const middleware = createMiddleware({ sessions });
export const { GET, POST, PUT } = createReactiveRoute({ signals: [{ counter, visitors }] });
export const register = (): void => void startKawa();

export default async function Page({ children }: { readonly children: ReactNode }): Promise<ReactNode> {
  const count: number = await read(counter);
  return (
    <LiveUpdates>
      {count} {children} <Doubled by="two" />
    </LiveUpdates>
  );
}

const Doubled = reactive(function Doubled({ by }: { readonly by: string }) {
  return (
    <b title={by}>
      {useReactive(doubled)} {useReactive(memberIdsOf(visitors)).length}
    </b>
  );
});

export function Client(): ReactNode {
  const { error } = usePresence((tab) => visitors(tab), "here");
  const { data } = useSignalQuery(counter);
  return `${useLiveStatus().state} ${data} ${isKawaError(error) ? error.code : ""}`;
}

export async function onServer(): Promise<number> {
  const stop = effect(() => void counter.value);
  await counter.update((count) => count + 1);
  stop();
  return await new QueryClient().fetchQuery(signalQueryOptions(counter));
}
