/** Rows whose length stands before them, such as long texts: what a visitor has written stands there as it is, and may look like rows. */
const counted = /^[\da-f]*:[AGLMOSTUVbglmos]([\da-f]+),/;
/** The longest beginning of such a row. */
const maxHead = 32;
const lineEnd = 10;

/** Gives the root of an answer (row 0), without its number, once enough bytes have come. Rows are told apart as React does it. */
export function findRoot(): (chunk: Uint8Array) => string | undefined {
  const decoder = new TextDecoder();
  let rest = new Uint8Array();
  let isFirst = true;
  return (chunk) => {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    // Next may put a mark before the first row.
    let at = isFirst && /^[^\da-f:]/.test(decoder.decode(bytes.subarray(0, 1))) ? 1 : 0;
    isFirst &&= bytes.length === 0;
    for (;;) {
      const head = decoder.decode(bytes.subarray(at, at + maxHead));
      const [start, length = ""] = counted.exec(head) ?? [];
      const end = start ? at + start.length + Number.parseInt(length, 16) : bytes.indexOf(lineEnd, at) + 1;
      if (end === 0 || end > bytes.length) {
        rest = bytes.subarray(at);
        return undefined;
      }
      if (head.startsWith("0:") && !start) return decoder.decode(bytes.subarray(at + 2, end - 1));
      at = end;
    }
  };
}
