// What a block of code in the docs may use without an import: exports of Kawa, and names that the sentence above the block explains.
import type { ReactElement as RealElement } from "react";
import type { z as realZ } from "zod";
import type * as kawa from "kawa";
import type * as client from "kawa/next/client";
import type * as config from "kawa/next/config";
import type * as middlewares from "kawa/next/middleware";
import type * as next from "kawa/next";
import type * as query from "kawa/query";
import type * as rivetkit from "kawa/rivetkit";
import type * as realSession from "kawa/next/session";
import type * as storage from "kawa/rivetkit/storage";
import type * as nextServer from "next/server";
import type * as realQuery from "@tanstack/react-query";
import type * as rivet from "rivetkit";
import type * as rivetClient from "rivetkit/client";
import type { registry as realRegistry } from "./actors/registry.ts";
import type { sessions as realSessions } from "./lib/session.ts";
import type * as signals from "./lib/signals.ts";

declare global {
  const batch: typeof kawa.batch;
  const collection: typeof kawa.collection;
  const computed: typeof kawa.computed;
  const effect: typeof kawa.effect;
  const isKawaError: typeof kawa.isKawaError;
  const memberIdsOf: typeof kawa.memberIdsOf;
  const namespace: typeof kawa.namespace;
  const publicMessage: typeof kawa.publicMessage;
  const read: typeof kawa.read;
  const transaction: typeof kawa.transaction;
  const untracked: typeof kawa.untracked;
  const useReactive: typeof kawa.useReactive;
  const useSignalWrite: typeof kawa.useSignalWrite;

  const answerErrors: typeof next.answerErrors;
  const createHealthRoute: typeof next.createHealthRoute;
  const createReactiveRoute: typeof next.createReactiveRoute;
  const createReadyRoute: typeof next.createReadyRoute;
  const LivePage: typeof next.LivePage;
  const LiveUpdates: typeof next.LiveUpdates;
  const reactive: typeof next.reactive;
  const startKawa: typeof next.startKawa;
  const useLiveRetry: typeof client.useLiveRetry;
  const useLiveStatus: typeof client.useLiveStatus;
  const withKawa: typeof config.withKawa;
  const createMiddleware: typeof middlewares.createMiddleware;

  const createReactiveStateActor: typeof rivetkit.createReactiveStateActor;
  const initReactiveBackend: typeof rivetkit.initReactiveBackend;
  const reactiveRegistry: typeof rivetkit.reactiveRegistry;
  const reactiveStateActor: typeof rivetkit.reactiveStateActor;
  const rivetClientOptions: typeof rivetkit.rivetClientOptions;
  const withContext: typeof rivetkit.withContext;
  const withoutHooks: typeof rivetkit.withoutHooks;
  const setup: typeof rivet.setup;
  const z: typeof realZ;
  type ReactElement = RealElement;

  const createMemoryBackend: typeof kawa.createMemoryBackend;
  const usePresence: typeof kawa.usePresence;
  const useReactiveStream: typeof kawa.useReactiveStream;
  const createRegistryRoute: typeof next.createRegistryRoute;
  const createSessions: typeof realSession.createSessions;
  const revokeSession: typeof realSession.revokeSession;
  const withRenderId: typeof middlewares.withRenderId;
  const isReactiveBackendInitialized: typeof rivetkit.isReactiveBackendInitialized;
  const issueToken: typeof rivetkit.issueToken;
  const redisStorage: typeof storage.redisStorage;
  const prefetchSignal: typeof query.prefetchSignal;
  const signalQueryOptions: typeof query.signalQueryOptions;
  const useSignalMutation: typeof query.useSignalMutation;
  const useSignalQuery: typeof query.useSignalQuery;

  const createClient: typeof rivetClient.createClient;
  const UserError: typeof rivet.UserError;
  const NextResponse: typeof nextServer.NextResponse;
  type NextRequest = nextServer.NextRequest;
  const QueryClient: typeof realQuery.QueryClient;
  const queryClient: realQuery.QueryClient;

  const registry: typeof realRegistry;
  const sessions: typeof realSessions;
  const symbol: string;
  const fetchPrice: (symbol: string) => Promise<number>;
  const auth: () => Promise<{ sessionId: string; expires: string } | undefined>;
  const Table: (props: { team: string }) => ReactElement;
  const findOrder: (id: string) => Promise<{ status: string }>;
  const watchPrice: (symbol: string, set: (price: number) => void) => () => void;
  const Score: (props: { team?: string }) => ReactElement;
  const stream: kawa.ReactiveStream<number>;
  const client: rivetClient.Client<typeof realRegistry>;
  const session: { id: string; expiresAt: number; userId: string };
  const firstName: kawa.Signal<string>;
  const lastName: kawa.Signal<string>;
  const player: kawa.Signal<string>;
  const team: kawa.Signal<string>;
  const room: string;
  const n: number;
  const apples: kawa.Signal<number>;
  const pears: kawa.Signal<number>;
  const shown: kawa.Signal<number>;
  const nightlyTotals: kawa.Signal<Record<string, number>>;
  const totals: Record<string, number>;
  const appTheme: typeof signals.theme;
  const cart: typeof signals.cart;
  const visitors: typeof signals.visitors;
  const scoreOf: typeof signals.scoreOf;
  const app: kawa.Namespace;
  const users: kawa.Namespace;
  const counter: typeof signals.counter;
  const stock: typeof signals.stock;
  const balance: typeof signals.balance;
  const name: typeof signals.name;
  const points: typeof signals.points;
  const profile: typeof signals.profile;
  const roleOf: typeof signals.roleOf;
  const score: typeof signals.score;
  const theme: typeof signals.theme;
  const todos: typeof signals.todos;
  const views: typeof signals.views;

  type ParamsOf<Route> = Route extends `${string}[${infer Name}]${infer Rest}`
    ? Record<Name, string> & ParamsOf<Rest>
    : unknown;
  /** As `next typegen` writes it. */
  type PageProps<Route extends string> = {
    params: Promise<ParamsOf<Route>>;
    searchParams: Promise<Record<string, string | string[] | undefined>>;
  };
}
