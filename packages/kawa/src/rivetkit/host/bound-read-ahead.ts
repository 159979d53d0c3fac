import { env } from "../settings/env.ts";

/**
 * Has an actor's database fetch at most 64 pages beside the one that it reads. RivetKit's own mode fetches up to 256 once pages follow each
 * other: to read some rows among many then costs the engine a third more, and a scan is no faster.
 */
export function boundReadAhead(): void {
  env.readAhead ??= "bounded";
}
