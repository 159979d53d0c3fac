import { isKawaError, publicMessage } from "kawa";

/** Why a hook of the actor refused what `write` does, for people to read; undefined when it did not. Throws every other failure. */
export async function refusalOf(write: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await write();
    return undefined;
  } catch (error) {
    if (!isKawaError(error, "ACTION_REFUSED")) throw error;
    return publicMessage(error);
  }
}
