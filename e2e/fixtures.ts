import { test as base } from "@playwright/test";
import { Server, type ServerOptions } from "./support/server.ts";

type TestFixtures = {
  /** Starts one more copy of the app, stopped after the test. Give `dataDir` to share the data of another copy. */
  startServer: (options?: ServerOptions) => Promise<Server>;
  attachServerLog: void;
};

type WorkerFixtures = {
  /** The app under test; all tests of a worker share it. A test that stops it starts it again. */
  server: Server;
};

export const test = base.extend<TestFixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      try {
        await use(server);
      } finally {
        await server.dispose();
      }
    },
    { scope: "worker", timeout: 120_000 },
  ],

  baseURL: async ({ server }, use) => {
    await use(server.url);
  },

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

  attachServerLog: [
    async ({ server }, use, testInfo) => {
      const offset = server.log().length;
      await use();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("server.log", { body: server.log().slice(offset), contentType: "text/plain" });
      }
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";
export type { Server } from "./support/server.ts";
