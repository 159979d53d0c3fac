import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { namespace } from "kawa";
import { registerBackend } from "../packages/kawa/src/core/backend/backend.ts";
import { createMemoryBackend } from "../packages/kawa/src/core/memory/memory-backend.ts";
import { formatVersions, toShownVersions } from "../packages/kawa/src/core/value/version.ts";
import { watchConnections } from "../packages/kawa/src/next/network/connections.ts";
import { createReactiveRoute } from "../packages/kawa/src/next/route/reactive-route.ts";
import { knownRenders } from "../packages/kawa/src/react/render/known-renders.ts";
import { RenderReads } from "../packages/kawa/src/react/render/render-reads.ts";
import { answerBy } from "../packages/kawa/test/support/route-server.ts";
import { bytesInUse } from "./bytes-in-use.ts";
import { machineTime, serveOperations } from "./forked.ts";

// Its readers are a thousand browsers with addresses of their own.
process.env["KAWA_TRUSTED_PROXIES"] = "1";

// A `node:http` server that broadcasts each change of one value: by `response.write()`, or through Kawa's route.

type Side = {
  answer(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
  /** The number of the change. */
  write(): number;
  /** What a browser that shows a render asks for, for each of `count` browsers. */
  requests(count: number): string[];
};

const headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
  connection: "close",
};

function bareSide(): Side {
  const open = new Set<ServerResponse>();
  let seq = 0;
  return {
    async answer(request, response) {
      JSON.parse(await text(request));
      response.writeHead(200, headers);
      response.write(helloOf());
      open.add(response);
      response.on("close", () => open.delete(response));
    },
    write() {
      seq += 1;
      for (const response of open) response.write(changeOf(seq));
      return seq;
    },
    requests: emptyRequests,
  };
}

function helloOf(): string {
  return `event: hello\ndata: {}\n\n`;
}

/** As long as Kawa's. */
function changeOf(seq: number): string {
  return `event: change\ndata: {"tabs":{"tab":["route","epoch-12@${seq}"]},"spreadMs":3000}\n\n`;
}

function emptyRequests(count: number): string[] {
  return Array.from({ length: count }, () => JSON.stringify({ tabs: { tab: { route: [] } } }));
}

function kawaSide(): Side {
  const backend = createMemoryBackend("bench");
  registerBackend(backend, { global: true });
  const score = namespace("bench", { backend }).signal("score", 0);
  const { POST } = createReactiveRoute();
  watchConnections();
  return {
    answer: (request, response) => answerBy(POST, request, response),
    write() {
      void score.set(backend.version.seq + 1);
      return backend.version.seq;
    },
    requests: (count) =>
      Array.from({ length: count }, () => {
        const render = new RenderReads(crypto.randomUUID());
        render.versions.set(backend.id, backend.version);
        render.add(backend.id, score.key);
        knownRenders().add(render);
        const versions = formatVersions(toShownVersions(render.versions.values()));
        return JSON.stringify({ tabs: { tab: { route: [[render.id, versions]] } } });
      }),
  };
}

const sides = { bare: bareSide, kawa: kawaSide };
export type StreamSide = keyof typeof sides;

let side: Side;

const operations = {
  /** Returns the port. */
  async listen(name: StreamSide): Promise<number> {
    side = sides[name]();
    const server = createServer((request, response) => void side.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  },
  /** Bodies of the requests that open streams. */
  async requests(count: number): Promise<string[]> {
    return side.requests(count);
  },
  /** Writes at a steady pace. Returns when each change was made, and the CPU time of this process from the first one on. */
  async write({
    count,
    gapMs,
  }: {
    count: number;
    gapMs: number;
  }): Promise<{ startedAt: [seq: number, at: number][]; cpuMs: number }> {
    const before = process.cpuUsage();
    const startedAt: [number, number][] = [];
    const start = performance.now();
    for (let done = 0; done < count; done += 1) {
      const at = machineTime();
      startedAt.push([side.write(), at]);
      await sleep(Math.max(0, start + (done + 1) * gapMs - performance.now()));
    }
    const { user, system } = process.cpuUsage(before);
    return { startedAt, cpuMs: (user + system) / 1_000 };
  },
  memory: bytesInUse,
};

export type StreamServerOperations = typeof operations;

serveOperations(operations);
