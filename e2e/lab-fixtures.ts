import { test as base } from "@playwright/test";
import { labAppDir, Server } from "./support/server.ts";

/** Only the lab app: `fixtures.ts` starts the starter as well. */
export const test = base.extend<object, { labServer: Server }>({
  labServer: [
    async ({}, use) => {
      const server = await Server.start({ dir: labAppDir });
      await use(server);
      await server.dispose();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});
