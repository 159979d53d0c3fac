import { KawaError } from "../../core/errors/errors.ts";
import { onResponseClose } from "../../core/process/on-response-close.ts";
import { answerHeaders } from "../values/answer.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { currentExchange } from "../network/connections.ts";
import { drainTimeoutMs } from "../limits/limits.ts";
import { quotas } from "../limits/quota.ts";

/** Such an answer fits into the buffers of a connection: it is sent whether the client reads or not. */
const smallBytes = 16 * 1024;

/**
 * An answer that counts until the client has read it. A client that stops reading is disconnected.
 *
 * @throws {KawaError} RATE_LIMITED - the client, or all of them, have not read what they were sent before
 */
export function answerCounted(client: AskingClient, json: string): Response {
  const body = Buffer.from(json);
  const answer = new Response(body, { headers: { ...answerHeaders, "content-type": "application/json" } });
  const exchange = currentExchange();
  // A closed response emits no second `close`.
  if (body.byteLength <= smallBytes || !exchange || exchange.response.closed) return answer;
  if (!quotas().answers.take(client, body.byteLength)) {
    throw new KawaError(
      "RATE_LIMITED",
      "This client, or all clients together, have too many unread answers (docs/limits.md).",
    );
  }
  onResponseClose(exchange.response, () => quotas().answers.giveBack(client, body.byteLength));
  // Called when the connection has been idle for this long.
  exchange.response.setTimeout(drainTimeoutMs, () => exchange.socket.destroy());
  return answer;
}
