import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const maxBytes = 256 * 1024;
const startLine = "starting rivet";
const givenUp = "unhandled workflow error";

/**
 * Whether the running engine has given up a part of its work, as its log says. It does when its store did not answer for a second, and never
 * goes on with it, although it says that it is healthy: an actor that it looked after then does not start any more.
 */
export function hasGivenUpWork(logPath: string): boolean {
  const text = lastOf(logPath);
  return text.includes(givenUp, Math.max(0, text.lastIndexOf(startLine)));
}

function lastOf(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, maxBytes));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("latin1");
  } catch {
    // Without a log there is nothing that it says.
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
