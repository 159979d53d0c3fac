import { setImmediate as nextTurn } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { StoredRow } from "../storage/storage.ts";

/** One commit: all its rows have its number. */
export type JournalEntry = readonly StoredRow[];

/** What a journal file begins with. */
export type JournalHeader = {
  /** Id of the actor that the engine knows. */
  readonly actor: string;
  /** The engine had stored all commits up to this one when the file was made. */
  readonly stored: number;
  /** Whether `stored` holds after a power cut. */
  readonly isFlushed: boolean;
};

export type JournalContent = { readonly headers: readonly JournalHeader[]; readonly entries: readonly JournalEntry[] };

type Line = readonly [seq: number, rows: readonly (readonly [key: string, text: string | null])[]];

const checksumLength = 8;
/** How much is decoded in one turn, in some milliseconds: a journal of many megabytes must not hold up everybody else. */
const sliceBytes = 256 * 1024;
const newline = 0x0a;
const bracket = 0x5b;

export function encodeEntry(rows: JournalEntry): Buffer {
  return encodeLine([rows[0]!.seq, rows.map(({ key, text }) => [key, text])] satisfies Line);
}

export function encodeHeader(header: JournalHeader): Buffer {
  return encodeLine(header);
}

/**
 * All lines that are whole, wherever they are. The file is a ring buffer, so older lines, and ends of such, are between them: their commits
 * are in the engine's store.
 */
export async function decodeJournal(bytes: Buffer): Promise<JournalContent> {
  const headers: JournalHeader[] = [];
  const entries: JournalEntry[] = [];
  // Earlier versions wrote no checksums, and no ring buffers.
  const decodeLine = bytes[0] === bracket ? decodeText : decodeChecked;
  let sliceEnd = sliceBytes;
  for (let start = 0, end = bytes.indexOf(newline); end !== -1; start = end + 1, end = bytes.indexOf(newline, start)) {
    if (start > sliceEnd) {
      await nextTurn();
      sliceEnd = start + sliceBytes;
    }
    const line = decodeLine(bytes.subarray(start, end));
    if (!line) continue;
    if (isEntry(line)) entries.push(toEntry(line));
    else headers.push(line);
  }
  return { headers, entries };
}

function encodeLine(content: Line | JournalHeader): Buffer {
  const text = JSON.stringify(content);
  const bytes = Buffer.allocUnsafe(checksumLength + Buffer.byteLength(text) + 1);
  bytes.write(text, checksumLength);
  bytes[bytes.length - 1] = newline;
  bytes.write(checksumOf(bytes.subarray(checksumLength, -1)), 0, "latin1");
  return bytes;
}

function decodeChecked(line: Buffer): Line | JournalHeader | undefined {
  const content = line.subarray(checksumLength);
  return line.toString("latin1", 0, checksumLength) === checksumOf(content) ? decodeText(content) : undefined;
}

function decodeText(line: Buffer): Line | JournalHeader | undefined {
  try {
    return JSON.parse(line.toString()) as Line | JournalHeader;
  } catch {
    return undefined;
  }
}

function isEntry(content: Line | JournalHeader): content is Line {
  return Array.isArray(content);
}

function toEntry([seq, rows]: Line): JournalEntry {
  return rows.map(([key, text]) => ({ key, text, seq }));
}

function checksumOf(content: Buffer): string {
  return crc32(content).toString(16).padStart(checksumLength, "0");
}
