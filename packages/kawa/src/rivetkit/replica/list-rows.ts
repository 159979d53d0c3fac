import { leaveOut, readNamed } from "../../core/value/unreadable.ts";
import { decodeValue } from "../../core/value/value.ts";
import type { FromHook } from "../hooks/hook-chain.ts";
import type { Requests, Row } from "../wire/protocol.ts";
import type { ActorLink } from "./actor-link.ts";
import { by } from "./asking.ts";

export type ListRowsOptions = {
  readonly link: ActorLink;
  /** Encoded identity of the caller. It is waited for only where lists are hooked. */
  readonly context: Promise<string | undefined>;
  readonly from: FromHook | undefined;
  /** Longest wait for one page. */
  readonly timeoutMs: number;
};

/** Lists page after page, beginning with the one that `first` asks for. */
export async function listRows(
  first: Requests["list"],
  { link, context, from, timeoutMs }: ListRowsOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | null = first.after;
  while (after !== null) {
    const page: Requests["list"] = { ...first, after };
    const reply = await link.ask(performance.now() + timeoutMs, async (connection) => {
      const body = connection.hooked.lists ? { ...page, ...by({ context: await context, from }) } : page;
      return connection.ask("list", body);
    });
    rows.push(...reply.rows);
    after = reply.after;
  }
  return rows;
}

/** The values of listed rows. One that cannot be read is left out where that is allowed. */
export function valuesOf(rows: readonly Row[]): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, text] of rows) {
    try {
      const value = readNamed(key, () => decodeValue(text!));
      values.set(key, value);
    } catch (error) {
      if (!leaveOut(key, error)) throw error;
    }
  }
  return values;
}
