import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import type { AskingClient } from "../network/asking-client.ts";
import { watchConnections } from "../network/connections.ts";
import { quotas } from "../limits/quota.ts";
import { answerCounted } from "./sent-answer.ts";

it("counts nothing for a client that has gone before its answer was made", async () => {
  watchConnections();
  const client: AskingClient = { session: undefined, address: "198.51.100.7" };
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  const server = createServer(async (_request, response) => {
    await once(response, "close");
    answerCounted(client, JSON.stringify("x".repeat(100_000)));
    resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const asked = get({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  asked.on("error", () => {});
  await once(server, "request");
  asked.destroy();
  await answered;
  expect(quotas().answers.of(client)).toEqual({ session: 0, address: 0 });
});
