import { stringify } from "devalue";
import { vi } from "vitest";
import { keysOf } from "./keys-of.ts";
import type { ValueRow, WriteRequest } from "../../src/browser/value-protocol.ts";

export type FakeRoute = {
  /** Keys that were read, a list for each request. */
  readonly reads: string[][];
  readonly writes: WriteRequest[];
  /** Answers to writes, in order. */
  readonly answers: (Response | Promise<Response>)[];
};

/** What the browser's half of Kawa finds in a page: a connection to a route, and no values. */
export function stubBrowser(): FakeRoute {
  const route: FakeRoute = { reads: [], writes: [], answers: [] };
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("document", { querySelectorAll: () => [] });
  vi.stubGlobal("fetch", async (url: string, init: RequestInit): Promise<Response> => {
    if (init.method === "PUT") {
      route.writes.push(JSON.parse(String(init.body)) as WriteRequest);
      const answer = await route.answers.shift();
      if (!answer) throw new TypeError("Failed to fetch");
      return answer;
    }
    const keys = keysOf(url);
    route.reads.push(keys);
    return Response.json({ rows: [], refused: keys });
  });
  return route;
}

export function rowOf(key: string, value: unknown, seq: number, epoch = "e1"): ValueRow {
  return [key, stringify(value), seq, epoch];
}

/** Lets everything happen that needs no time, also what is loaded first. */
export async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
}
