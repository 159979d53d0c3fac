import type { KawaError } from "../core/errors/errors.ts";
import { Loader } from "../core/backend/loader.ts";
import { delay } from "../core/process/delay.ts";
import { keysQuery, type ReadReply } from "./value-protocol.ts";
import { ask, publicError, retryDelayOf } from "./ask.ts";
import type { BrowserBackend } from "./browser-backend.ts";

/** Most keys of one request, and most characters of its query: servers take at least twice as much. */
const maxKeys = 100;
const maxQueryLength = 6_000;
/** Most tries of a request that the server's rate limit refuses. */
const maxTries = 10;
const retryMs = 500;

/** How often a server is asked again that has not yet heard of a value that another server has rendered. */
const maxBehindTries = 4;
const behindMs = 60;

/** Reads keys from the server, all of one turn together. Loaded when something is read that did not come with the page. */
export function createRowReader(
  backend: Pick<BrowserBackend, "rendered" | "forgetCount" | "noteRead" | "receive">,
): (key: string) => Promise<void> {
  const loader = new Loader(async (keys) => {
    const errors = new Map<string, KawaError>();
    let forgetCount = backend.forgetCount.peek();
    let tries = 1;
    for (let left = keys; left.length > 0;) {
      const some = beginningOf(left);
      const min = backend.rendered.versions;
      const { rows, refused, unreadable = [], later = [], versions = {} } = await read(some);
      // Another visitor looks now: the answer is for the one before.
      if (forgetCount !== backend.forgetCount.peek()) {
        forgetCount = backend.forgetCount.peek();
        errors.clear();
        left = keys;
        continue;
      }
      if (later.length === some.length) throw unreachable();
      await backend.receive(rows);
      if (tries < maxBehindTries && Object.keys(versions).some((epoch) => versions[epoch]! < (min[epoch] ?? 0))) {
        await delay(behindMs * tries);
        tries += 1;
        continue;
      }
      for (const [key] of rows) backend.noteRead(key, { ...min, ...versions });
      for (const key of refused) errors.set(key, notExposed(key));
      for (const key of unreadable) errors.set(key, notReadable(key));
      left = [...later, ...left.slice(some.length)];
    }
    return errors;
  });
  return (key) => loader.load([key]);
}

/** The first keys, as many as one request may name and at least one. */
function beginningOf(keys: readonly string[]): readonly string[] {
  let length = 0;
  const end = keys.findIndex((key, at) => (length += keysQuery([key]).length) > maxQueryLength && at > 0);
  return keys.slice(0, Math.min(end < 0 ? keys.length : end, maxKeys));
}

async function read(keys: readonly string[]): Promise<ReadReply> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask<ReadReply>(keysQuery(keys), {}, { lost: unreachable });
    } catch (error) {
      const delayMs = retryDelayOf(error, retryMs);
      if (delayMs === undefined || tries === maxTries) throw error;
      await delay(delayMs);
    }
  }
}

function unreachable(): KawaError {
  return publicError("BACKEND_UNAVAILABLE", "The server cannot be reached.");
}

function notExposed(key: string): KawaError {
  return publicError(
    "NOT_EXPOSED",
    `"${key}" cannot be shown in a client component: it is not exposed, or not among the signals of createReactiveRoute.`,
  );
}

function notReadable(key: string): KawaError {
  return publicError("VALUE_UNREADABLE", `"${key}" cannot be shown: what is stored under it is no value.`);
}
