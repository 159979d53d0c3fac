import { isServerKey } from "../../core/backend/key.ts";
import type { Write } from "./protocol.ts";

/** True for a write of what servers keep for themselves: no hook decides about it. */
export function isServerWrite(write: Write): boolean {
  return isServerKey("clear" in write ? write.clear : write.key);
}
