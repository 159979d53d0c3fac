import { onTestFinished, vi } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { isKawaError } from "../../src/core/errors/errors.ts";
import { decodeValue, encodeValue } from "../../src/core/value/value.ts";
import { keysQuery, type ReadReply, type ValueRow, type WriteReply } from "../../src/browser/value-protocol.ts";
import { createReactiveRoute } from "../../src/next/route/reactive-route.ts";

/** What became of a request: `done`, or the code of its refusal. */
type Outcome = string;

export type Browser = {
  set(key: string, value: unknown, more?: object): Promise<Outcome>;
  remove(key: string, more?: object): Promise<Outcome>;
  /** What the browser is told with a refusal. */
  messageOf(key: string, value: unknown): Promise<string>;
  /** A value that was asked for; `refused` where it was, `none` where there is none. */
  get(key: string): Promise<unknown>;
  /** The first value that a stream carries. */
  follow(key: string): Promise<unknown>;
  /** What became of the first renewal of a key that a tab keeps; `none` where there was nothing to renew, or none was asked for. */
  keep(key: string, backend: Backend): Promise<Outcome>;
};

const url = "http://host/api/reactive";
const headers = { "content-type": "application/json" };
let writeCount = 0;

/** What a browser does by the route of an app. It acts as whom `withContext` says. */
export function createBrowser(signals: Readonly<Record<string, unknown>>): Browser {
  const { GET, POST, PUT } = createReactiveRoute({ signals, maxRequestsPerSecond: 100_000 });

  const put = async (key: string, text: string | null, more: object): Promise<{ code: Outcome; error?: string }> => {
    writeCount += 1;
    const body = JSON.stringify({ id: `browser-${writeCount}`, key, text, ...more });
    const response = await PUT(new Request(url, { method: "PUT", headers, body }));
    if (response.status === 204) return { code: "done" };
    const { code, error, isConflict } = (await response.json()) as WriteReply & { code?: string; error?: string };
    return { code: code ?? (isConflict ? "conflict" : "done"), error: error ?? "" };
  };

  const open = async (tab: object): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
    const body = JSON.stringify({ tabs: { tab: { route: [], ...tab } } });
    const response = await POST(new Request(url, { method: "POST", headers, body }));
    const reader = response.body!.getReader();
    onTestFinished(() => reader.cancel().catch(() => {}));
    return reader;
  };

  return {
    set: async (key, value, more = {}) => (await put(key, encodeValue(key, value), more)).code,
    remove: async (key, more = {}) => (await put(key, null, more)).code,
    messageOf: async (key, value) => (await put(key, value === null ? null : encodeValue(key, value), {})).error ?? "",
    async get(key) {
      const response = await GET(new Request(`${url}${keysQuery([key])}`));
      const { rows } = (await response.json()) as ReadReply;
      return rows[0] ? shown(rows[0]) : "refused";
    },
    async follow(key) {
      const reader = await open({ values: [[key, -1, ""]] });
      const decoder = new TextDecoder();
      for (let text = ""; ;) {
        const { value, done } = await reader.read();
        if (done) throw new Error("The stream ended before it had a value.");
        text += decoder.decode(value, { stream: true });
        const [, rows] = /event: values\ndata: (.*)\n\n/.exec(text) ?? [];
        if (rows) return shown((JSON.parse(rows) as { rows: [ValueRow] }).rows[0]);
      }
    },
    async keep(key, backend) {
      const renew = vi.spyOn(backend, "renew");
      try {
        const reader = await open({ kept: [key] });
        const [renewal] = renew.mock.results;
        const outcome = await outcomeOf(renewal?.value as Promise<boolean> | undefined);
        await reader.cancel();
        return outcome;
      } finally {
        renew.mockRestore();
      }
    },
  };
}

function shown([, text]: ValueRow): unknown {
  return text === null ? "none" : decodeValue(text);
}

async function outcomeOf(renewal: Promise<boolean> | undefined): Promise<Outcome> {
  try {
    return (await renewal) ? "done" : "none";
  } catch (error) {
    if (isKawaError(error)) return error.code;
    throw error;
  }
}
