import type { KawaError } from "../errors.ts";
import { Loader } from "../loader.ts";
import type { ReadReply } from "../value-row.ts";
import { ask, publicError } from "./ask.ts";
import type { BrowserBackend } from "./browser-backend.ts";

/** Reads keys from the server: those of one turn together. Loaded when something is read that did not come with the page. */
export function createRowReader(backend: Pick<BrowserBackend, "forgetCount" | "receive">): (key: string) => Promise<void> {
  const loader = new Loader(async (keys) => {
    const query = new URLSearchParams(keys.map((key) => ["key", key]));
    let reply: ReadReply;
    let forgetCount: number;
    do {
      forgetCount = backend.forgetCount.peek();
      reply = await ask<ReadReply>(`?${query}`, {}, { lost: unreachable });
      // What the one before was allowed to see is not for who looks now.
    } while (forgetCount !== backend.forgetCount.peek());
    const { rows, refused, unreadable = [] } = reply;
    await backend.receive(rows);
    return new Map([...refused.map((key) => [key, notExposed(key)] as const), ...unreadable.map((key) => [key, notReadable(key)] as const)]);
  });
  return (key) => loader.load(key);
}

function unreachable(): KawaError {
  return publicError("BACKEND_UNAVAILABLE", "The server cannot be reached.");
}

function notExposed(key: string): KawaError {
  return publicError(
    "NOT_EXPOSED",
    `"${key}" cannot be shown in a client component: it is not exposed, not among the signals of createReactiveRoute, or not for this visitor.`,
  );
}

function notReadable(key: string): KawaError {
  return publicError("VALUE_UNREADABLE", `"${key}" cannot be shown: what is stored under it is no value.`);
}
