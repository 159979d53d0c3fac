import { test as base } from "@playwright/test";
import { labAppDir, Server, type ServerOptions } from "./support/server.ts";

/** The apps of this worker that a test has asked for, by what their logs are attached as. */
const started = new Map<string, Server>();

type TestFixtures = {
  /** Starts one more copy of the starter, stopped after the test. Give `dataDir` to share the data of another copy. */
  startServer: (options?: ServerOptions) => Promise<Server>;
  /** The same of `e2e/lab-app`. */
  startLabServer: (options?: ServerOptions) => Promise<Server>;
  attachServerLogs: void;
};

type WorkerFixtures = {
  /** The starter; all tests of a worker share it, and it starts with the first that asks for it. A test that stops it starts it again. */
  server: Server;
  /** `e2e/lab-app`, a page for each situation; all tests of a worker share it. A test that stops it starts it again. */
  labServer: Server;
};

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      started.set("server.log", server);
      try {
        await use(server);
      } finally {
        await server.dispose();
      }
    },
    { scope: "worker", timeout: 180_000 },
  ],

  labServer: [
    async ({}, use) => {
      const server = await Server.start({ dir: labAppDir });
      started.set("lab-server.log", server);
      try {
        await use(server);
      } finally {
        await server.dispose();
      }
    },
    { scope: "worker", timeout: 180_000 },
  ],

  startServer: async ({}, use) => {
    const servers: Server[] = [];
    try {
      await use(async (options) => {
        const server = await Server.start(options);
        servers.push(server);
        return server;
      });
    } finally {
      // The last one first: it may share the data of an earlier one.
      for (const server of servers.toReversed()) await server.dispose();
    }
  },

  startLabServer: ({ startServer }, use) => use((options) => startServer({ dir: labAppDir, ...options })),

  attachServerLogs: [
    async ({}, use, testInfo) => {
      const offsets = new Map([...started].map(([name, server]) => [name, server.log().length]));
      await use();
      if (testInfo.status === testInfo.expectedStatus) return;
      for (const [name, server] of started) {
        await testInfo.attach(name, { body: server.log().slice(offsets.get(name) ?? 0), contentType: "text/plain" });
      }
    },
    { auto: true },
  ],
});

type UseUrl = (url: string) => Promise<void>;

/** For `test.use`: addresses without a host are of the starter, which then runs for each test of the file. */
export const atStarter = {
  baseURL: ({ server }: WorkerFixtures, use: UseUrl): Promise<void> => use(server.url),
};

/** The same of the lab app. */
export const atLab = {
  baseURL: ({ labServer }: WorkerFixtures, use: UseUrl): Promise<void> => use(labServer.url),
};

export { expect } from "@playwright/test";
export type { Server } from "./support/server.ts";
