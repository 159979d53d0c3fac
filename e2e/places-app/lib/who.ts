import { namespace } from "kawa";
import { issueToken } from "kawa/rivetkit";
import { backend } from "./backend.ts";

const who = namespace("who", { backend });

/** Who acted when it was last written from a place, as the hook of the actor was told. */
export const whoAt = who.family((place: string) => ({ key: place, default: "" }));

const tokens = namespace("tokens", { backend });

export const tokenAt = tokens.family((place: string) => ({ key: place, default: "" }));

/** Writes from a place, and issues a token there. */
export async function act(place: string): Promise<void> {
  await whoAt(place).set("");
  const token = await issueToken({ userId: "token" });
  await tokenAt(place).set(token);
}
