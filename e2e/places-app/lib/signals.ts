import { computed, namespace } from "kawa";

// No backend is named here, as in an app: a server has one before its first request, and a build has none.
export const app = namespace("app");
export const counter = app.signal("counter", 0, { expose: "write" });
export const doubled = computed(() => counter.value * 2);
export const visitors = app.family(
  (at: { room: string; id: string }) => ({ key: `visitors:${at.room}:${at.id}`, default: "" }),
  {
    expose: "write",
    ttlMs: 10_000,
  },
);
