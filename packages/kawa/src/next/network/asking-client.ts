import { clientAddress } from "./network.ts";

/** Who asks for something, as it is counted. Neither name is one that a client can choose. */
export type AskingClient = {
  /** Id of the verified session. */
  readonly session: string | undefined;
  /** Empty where it is unknown: all clients without an address count together. */
  readonly address: string;
};

export function addressOf(request: { readonly headers: Headers }): string {
  return clientAddress(request) ?? "";
}

/** What outcomes of writes are kept under. */
export function nameOf({ session, address }: AskingClient): string {
  return session === undefined ? `address ${address}` : `session ${session}`;
}
