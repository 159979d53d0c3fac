import { QueryClient } from "@tanstack/react-query";
import { isKawaError, membersOf, namespace } from "kawa";
import { signalQueryOptions } from "kawa/query";
import { issueToken } from "kawa/rivetkit";
import { backend } from "./backend.ts";
import { app, counter, doubled, visitors } from "./signals.ts";

const named = namespace("named", { backend });
const namedCounter = named.signal("counter", 0);

/** Everything that asks a backend. The backend of half of them is what stands in for one that no file has named. */
const doors = {
  get: () => counter.get(),
  value: () => counter.value,
  peek: () => counter.peek(),
  computed: () => doubled.value,
  members: () => membersOf(visitors, { room: "kitchen" }).value,
  set: () => counter.set(1),
  update: () => counter.update((count) => count + 1),
  delete: () => counter.delete(),
  keys: () => app.keys(),
  entries: () => app.entries(),
  clear: () => app.clear(),
  "named get": () => namedCounter.get(),
  "named value": () => namedCounter.value,
  "named set": () => namedCounter.set(1),
  "named keys": () => named.keys(),
  load: () => backend.load([]),
  token: () => issueToken({ userId: "ada" }, { session: null }),
} as const;

/** In a render it makes the route dynamic, as `useReactive` does. */
export const query = (): Promise<number> =>
  new QueryClient({ defaultOptions: { queries: { retry: false } } }).fetchQuery(signalQueryOptions(counter));

/** Tries every door from one kind of file at build time, and says on standard output what became of it. */
export async function probe(file: string, more: Readonly<Record<string, () => unknown>> = {}): Promise<void> {
  if (process.env["NEXT_PHASE"] !== "phase-production-build") return;
  for (const [door, open] of Object.entries({ ...doors, ...more })) {
    let outcome: { code: string; message: string };
    try {
      outcome = { code: "none", message: String(await open()) };
    } catch (error) {
      if (process.env["KAWA_E2E_FAILING"] === file) throw error;
      outcome = { code: isKawaError(error) ? error.code : "other", message: String(error) };
    }
    console.log(`probe ${JSON.stringify({ file, door, ...outcome })}`);
  }
}
