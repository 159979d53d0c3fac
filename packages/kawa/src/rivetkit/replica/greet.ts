import { KawaError } from "../../core/errors/errors.ts";
import { actorAudience } from "../wire/actor-audience.ts";
import type { Hello } from "../wire/hello.ts";
import type { Replies, Requests } from "../wire/protocol.ts";
import { issueServerToken } from "../wire/server-token.ts";
import type { ActorAddress } from "./open-socket.ts";

type Ask = (body: Requests["hello"]) => Promise<Replies["hello"]>;

/**
 * Says hello to an actor. Where its clock differs from that of this machine, the first proof has expired there, and a second one answers its
 * challenge.
 *
 * @throws {KawaError} UNAUTHORIZED - the actor takes neither
 */
export async function greet({ actorName, actorId, isForShards }: ActorAddress, ask: Ask): Promise<Hello> {
  const audience = actorAudience(actorName, [actorId]);
  let challenge: string | undefined;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const reply = await ask({ token: issueServerToken(audience, challenge), ...(isForShards && { isForShards }) });
    if (reply.challenge === undefined) return reply;
    ({ challenge } = reply);
  }
  throw new KawaError("UNAUTHORIZED", "The actor asks for one proof after the other.");
}
