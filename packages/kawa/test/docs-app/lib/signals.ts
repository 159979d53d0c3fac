import { computed, namespace } from "kawa";
import { z } from "zod";

const app = namespace("app");
const users = namespace("users");

export const counter = app.signal("counter", 0);
export const views = app.signal("views", 0);
export const round = app.signal("round", 0);
export const draft = app.signal("draft", "");
export const settings = app.signal<Record<string, unknown>>("settings", {});
export const tree = app.signal<{ nodes: { id: string; parentId: string | null }[] }>("tree", { nodes: [] });
export const user = app.signal<{ name: string; email: string } | null>("user", null);
export const profile = app.signal<Record<string, unknown>>("profile", {});
export const totals = app.signal<Record<string, number>>("totals", {});
export const audit = app.signal<string[]>("audit", []);
export const name = app.signal("name", "", { expose: "write" });
export const todos = app.signal<readonly string[]>("todos", [], { expose: "write" });
export const cart = app.signal<{ items: string[] }>("cart", { items: [] }, { expose: "write" });
export const theme = app.signal("theme", "system", { expose: "write", schema: z.enum(["system", "light", "dark"]) });
export const a = app.signal("a", 0);
export const double = computed(() => counter.value * 2);
export const points = app.signal("points", 0);
export const stock = app.signal("stock", 10);
export const balance = app.family((id: string) => ({ key: `balance:${id}`, default: 0 }));
export const score = app.signal("score", 0, { expose: "read" });

export const scoreOf = app.family((team: string) => ({ key: `scores:${team}`, default: 0 }), { expose: "read" });
export const players = app.family(
  (at: { team: string; id: string }) => ({ key: `players:${at.team}:${at.id}`, default: "" }),
  {
    ttlMs: 10_000,
  },
);
export const visitors = app.family(
  (at: { room: string; tab: string }) => ({ key: `visitors:${at.room}:${at.tab}`, default: "" }),
  { expose: "write", ttlMs: 10_000 },
);
export const position = users.family((id: string) => ({ key: `${id}:position`, default: { x: 0, y: 0 } }));
export const roleOf = users.family((id: string | undefined) => ({ key: `${id}:role`, default: "guest" }));
