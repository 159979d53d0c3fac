import { clip } from "../errors/clip.ts";
import { kindOf } from "./value-kinds.ts";

/** What to do instead, by the tag of what was given. */
const advice: Readonly<Record<string, string>> = {
  Arguments: "copy it with Array.from()",
  BigInt: "store the BigInt itself",
  Boolean: "store true or false",
  DataView: "store a Uint8Array of its bytes",
  Error: "store its message",
  Number: "store the number itself",
  Promise: "await it first",
  RegExp: "store its source and flags as texts",
  SharedArrayBuffer: "copy its bytes",
  String: "store the text itself",
  URL: "store its href",
  URLSearchParams: "store its text",
};

/** Says what cannot be stored, and what can be instead. */
export function whyRefused(thing: unknown): string {
  if (typeof thing === "function") return "a function cannot be stored";
  if (typeof thing === "symbol") return "a symbol cannot be stored; use a text";
  const tag = Object.prototype.toString.call(thing).slice(8, -1);
  const name = nameOf(thing as object) ?? tag;
  return `an instance of ${clip(name)} cannot be stored; ${advice[tag] ?? "store its plain data"}`;
}

/** Why a buffer cannot be stored, such as that others may change it; undefined for one that can. */
export function whyBufferRefused(buffer: ArrayBufferLike): string | undefined {
  if (kindOf(buffer) !== "ArrayBuffer") return "a SharedArrayBuffer cannot be stored; copy it with slice()";
  const { detached, resizable } = buffer as ArrayBuffer;
  return detached || resizable
    ? "a detached or resizable ArrayBuffer cannot be stored; copy it with slice()"
    : undefined;
}

function nameOf(thing: object): string | undefined {
  // Looked up by descriptors: a getter would run code of the app.
  for (
    let holder: unknown = thing;
    typeof holder === "object" && holder !== null;
    holder = Object.getPrototypeOf(holder)
  ) {
    const made: unknown = Object.getOwnPropertyDescriptor(holder, "constructor")?.value;
    if (typeof made === "function")
      return typeof made.name === "string" && made.name !== "Object" ? made.name || undefined : undefined;
  }
  return undefined;
}
