import type { Entry } from "./backend.ts";
import { isKawaError, KawaError } from "../errors/errors.ts";
import { isMemberList } from "./member-list.ts";
import { readNamed } from "../value/unreadable.ts";
import { decode, encodeValue } from "../value/value.ts";
import { firstVersion, versionOfText } from "../value/value-version.ts";

export type PresentEntry = Extract<Entry, { state: "present" }>;

/**
 * An entry of an encoded value. It is safe to give out: a reader that changes what it gets changes nothing for other readers.
 * The value is decoded when it is first read. From then on all readers share one frozen value, unless it holds what cannot
 * be frozen (Date, Map, Set, typed arrays, …): then each read decodes it anew.
 */
export function createPresentEntry(seq: number, text: string): PresentEntry {
  const version = versionOfText(text);
  return version === firstVersion ? new TextEntry(seq, text) : new VersionedEntry(seq, text, version);
}

/** The entry of a key whose encoded value is `text`, or that has none. */
export function createEntry(seq: number, text: string | null): Entry {
  return text === null ? { state: "absent", seq } : createPresentEntry(seq, text);
}

// A server may follow 100,000 keys: a getter of the class takes no memory in each entry.
class TextEntry implements PresentEntry {
  readonly state = "present";
  readonly seq: number;
  /** Length of the encoded value. */
  readonly size: number;
  private text: string | undefined;
  private shared: unknown;

  constructor(seq: number, text: string) {
    this.seq = seq;
    this.size = text.length;
    this.text = text;
  }

  get value(): unknown {
    if (this.text === undefined) return this.shared;
    const { value, isFrozen } = decode(this.text);
    if (isFrozen) {
      this.shared = value;
      this.text = undefined;
    }
    return value;
  }
}

class VersionedEntry extends TextEntry {
  readonly version: number;

  constructor(seq: number, text: string, version: number) {
    super(seq, text);
    this.version = version;
  }
}

/** The version of the value of an entry; the first one where there is none. */
export function versionOfEntry(entry: Entry): number {
  return entry.state === "present" ? (entry.version ?? firstVersion) : firstVersion;
}

/** About how many characters the encoded value has; 0 where there is none. */
export function sizeOfEntry(entry: Entry): number {
  return "size" in entry ? (entry as TextEntry).size : 0;
}

const texts = new WeakMap<Entry, string>();

/**
 * The encoded value of an entry; `null` when it has none. Encoded once for all callers.
 *
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export function textOf(key: string, entry: Entry): string | null {
  if (isMemberList(entry)) return entry.textOf(key);
  if (entry.state !== "present") return null;
  let text = texts.get(entry);
  if (text === undefined) texts.set(entry, (text = readNamed(key, () => writtenOut(key, entry))));
  return text;
}

function writtenOut(key: string, entry: PresentEntry): string {
  const { value } = entry;
  try {
    return encodeValue(key, value, Number.POSITIVE_INFINITY, entry.version);
  } catch (cause) {
    if (!isKawaError(cause)) throw cause;
    // An earlier version of Kawa may have stored a short text that stands for a large value.
    throw new KawaError(
      "VALUE_UNREADABLE",
      "A stored value is too large when it is written out. Write another one with set(), or delete it.",
      { cause },
    );
  }
}
