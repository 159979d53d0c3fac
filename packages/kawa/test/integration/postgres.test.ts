import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../src/rivetkit/index.ts";
import { describeBackendContract } from "../contract/backend-contract.ts";
import { createPostgresDatabase, type TestPostgres } from "../support/postgres.ts";
import { postgresUrl } from "../support/services.ts";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { readEngineRecord, signalProcess, waitForNoProcess, waitUntil } from "./support/processes.ts";

const url = await postgresUrl();
/** An engine takes over from a killed one when its leases in the database have ended: 30 s, and more on a busy machine. */
const recoveryTimeoutMs = 90_000;

describe.skipIf(!url)("on an engine that keeps its data in PostgreSQL", () => {
  describe("in this process", () => {
    let database: TestPostgres;
    let dataDir: string;
    let actorCount = 0;

    beforeAll(async () => {
      database = await createPostgresDatabase(url!);
      dataDir = mkdtempSync(join(tmpdir(), "kawa-postgres-"));
      process.env["KAWA_DATA_DIR"] = dataDir;
      process.env["RIVET__POSTGRES__URL"] = database.url;
      delete process.env["RIVET_ENDPOINT"];
    });

    afterAll(async () => {
      await host().stop();
      delete process.env["RIVET__POSTGRES__URL"];
      rmSync(dataDir, { recursive: true, force: true });
      await database.drop();
    });

    const createBackend = (): Backend => {
      actorCount += 1;
      return initReactiveBackend({ registry: reactiveRegistry, actorId: `postgres-${actorCount}`, global: false });
    };

    describeBackendContract("initReactiveBackend over PostgreSQL", createBackend);
  });

  describe("values survive", () => {
    type Place = { readonly dataDir: string; readonly env: Record<string, string> };

    const makePlace = async (context: TestContext): Promise<Place> => {
      const database = await createPostgresDatabase(url!);
      context.onTestFinished(() => database.drop());
      return { dataDir: await makeDataDir(context), env: { RIVET__POSTGRES__URL: database.url } };
    };

    const write = async (app: App, value: string): Promise<void> => {
      // The first start makes the tables.
      await waitUntil(
        () =>
          app.call("set", "value", value).then(
            () => true,
            () => false,
          ),
        {
          timeoutMs: recoveryTimeoutMs,
          what: "the value to be written",
        },
      );
    };

    const expectValue = async (app: App, expected: string): Promise<void> => {
      let value: unknown;
      await waitUntil(
        () =>
          app.call("get", "value").then(
            (found) => ((value = found), true),
            () => false,
          ),
        {
          timeoutMs: recoveryTimeoutMs,
          what: "the value to be read",
        },
      );
      expect(value).toBe(expected);
    };

    // oxlint-disable-next-line vitest/expect-expect -- in expectValue
    it("a clean restart", { timeout: 240_000 }, async (context) => {
      const place = await makePlace(context);
      const first = startApp(place);
      await write(first, "kept");
      await first.end();

      const second = startApp(place);
      await expectValue(second, "kept");
      await second.end();
    });

    // oxlint-disable-next-line vitest/expect-expect -- in expectValue
    it("SIGKILL of app and engine right after the write was acknowledged", { timeout: 400_000 }, async (context) => {
      const place = await makePlace(context);
      let last = "";
      for (let round = 0; round < 2; round += 1) {
        const app = startApp(place);
        if (last !== "") await expectValue(app, last);
        last = randomUUID();
        await write(app, last);
        signalProcess((await readEngineRecord(place.dataDir))!.pid, "SIGKILL");
        await app.kill();
        await waitForNoProcess(place.dataDir, 10_000);
      }
      const app = startApp(place);
      await expectValue(app, last);
      await app.end();
    });
  });
});
