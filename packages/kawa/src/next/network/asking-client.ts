import { clientAddress } from "./forwarded-headers.ts";

/** A client, as limits count it. It can choose neither its session nor its address. */
export type AskingClient = {
  /** Id of the verified session. */
  readonly session: string | undefined;
  /** Empty where it is unknown: all clients without an address count together. */
  readonly address: string;
};

export function addressOf(request: { readonly headers: Headers }): string {
  return clientAddress(request) ?? "";
}

/** The name under which the outcomes of a client's writes are kept. */
export function nameOf({ session, address }: AskingClient): string {
  return session === undefined ? `address ${address}` : `session ${session}`;
}
