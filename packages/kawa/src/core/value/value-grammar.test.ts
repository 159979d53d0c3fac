import { runInNewContext } from "node:vm";
import { stringify } from "devalue";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { isKawaError } from "../errors/errors.ts";
import { decodeValue, encodeValue, maxValueBytes } from "./value.ts";

describe("what is the same although it looks special", () => {
  const plain = { a: [1, { b: "x" }] };
  it.each<readonly [what: string, value: unknown]>([
    ["a frozen object", Object.freeze({ a: Object.freeze([1, Object.freeze({ b: "x" })]) })],
    ["a sealed object", Object.seal({ a: Object.seal([1, { b: "x" }]) })],
    ["a Proxy of an object", new Proxy(plain, {})],
    ["a Proxy of a list", { a: new Proxy(plain.a, {}) }],
    ["what it was decoded to", decodeValue(encodeValue("a", plain))],
  ])("%s", (_, value) => {
    expect(decodeValue(encodeValue("a", value))).toStrictEqual(plain);
  });

  it("a Date of a clock of tests, and one that was made before it", () => {
    const before = new Date(5);
    vi.useFakeTimers({ now: 7 });
    expect(decodeValue(encodeValue("a", [before, new Date()]))).toEqual([new Date(5), new Date(7)]);
    vi.useRealTimers();
  });

  it("a list that inherits from a list of another realm", () => {
    expect(
      decodeValue(
        encodeValue("a", runInNewContext("Object.freeze([Object.create(null), Buffer])", { Buffer: Buffer.from("x") })),
      ),
    ).toEqual([{}, new Uint8Array([120])]);
  });
});

describe("values of another realm", () => {
  it.each([
    "({ a: 1 })",
    "[1, [2]]",
    "new Map([['a', 1]])",
    "new Set([1])",
    "new Date(5)",
    "new Uint8Array([1, 2])",
    "new ArrayBuffer(2)",
  ])("are values too: %s", (source) => {
    const value: unknown = runInNewContext(source);
    expect(decodeValue(encodeValue("a", value))).toEqual(decodeValue(stringify(value)));
  });

  it("are refused as those of this realm are", async () => {
    const value: unknown = runInNewContext("class Own extends Map {}; new Own()");
    expect(await caught(() => encodeValue("a", value))).toMatchObject({ code: "VALUE_UNSERIALIZABLE" });
  });
});

const classes = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
const secret = "a token of somebody else";

describe("typed arrays", () => {
  it.each(classes)("are stored as exactly what they show, at every depth: %s", (Class) => {
    const pool = new ArrayBuffer(64 * 1024);
    new Uint8Array(pool).set(new TextEncoder().encode(secret), 1_024);
    const view = new Class(pool, 2_048, 3);
    const text = encodeValue("a", { list: [new Map([[view, new Set([view])]])] });
    expect(text.length).toBeLessThan(300);
    const [[key]] = [...(decodeValue(text) as { list: [Map<typeof view, unknown>] }).list[0]] as [
      [typeof view, unknown],
    ];
    expect(key).toStrictEqual(new Class(view as never));
    expect(key.buffer.byteLength).toBe(3 * Class.BYTES_PER_ELEMENT);
    expect(key.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("takes a Buffer as its bytes alone, although Node keeps many in one pool", () => {
    const others = Buffer.from(secret);
    const text = encodeValue("a", [Buffer.from("hello"), others.subarray(0, 1)]);
    expect(decodeValue(text)).toStrictEqual([new TextEncoder().encode("hello"), new TextEncoder().encode("a")]);
    expect(text).not.toContain(others.toString("base64").slice(4, 20));
  });

  it("counts what a view shows, and not what is behind it", () => {
    expect(encodeValue("a", new Uint8Array(new ArrayBuffer(1024 * 1024), 0, 16)).length).toBeLessThan(100);
  });

  it("are refused for their size before they are written out, also where they are more than a text can hold", async () => {
    const error = await caught(() => encodeValue("a", new ArrayBuffer(600 * 1024 * 1024)));
    expect(isKawaError(error, "VALUE_TOO_LARGE")).toBe(true);
  });

  it("gives two views of one buffer a buffer each", () => {
    const buffer = new ArrayBuffer(8);
    const [a, b] = decodeValue(encodeValue("a", [new Uint8Array(buffer, 0, 4), new Uint8Array(buffer, 4)])) as [
      Uint8Array,
      Uint8Array,
    ];
    expect([a.buffer.byteLength, b.buffer.byteLength, a.buffer === b.buffer]).toEqual([4, 4, false]);
  });

  it("reads what devalue has written, with a part of a buffer or the whole of it", () => {
    const pool = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    const value = { part: new Uint16Array(pool, 2, 2), rest: new Uint8Array(pool, 7), whole: new Uint8Array(pool) };
    const read = decodeValue(stringify(value)) as typeof value;
    expect(read).toEqual(value);
    expect([read.part.buffer.byteLength, read.rest.buffer.byteLength]).toEqual([4, 2]);
  });
});

describe("a limit that counts what a value becomes", () => {
  it("counts an object in each place where it is", async () => {
    let value: object = { text: "x".repeat(100) };
    for (let n = 0; n < 30; n += 1) value = [value, value];
    expect(await caught(() => encodeValue("a", value))).toMatchObject({ code: "VALUE_TOO_LARGE" });
    expect(await caught(() => decodeValue(stringify(value)))).toMatchObject({
      code: "VALUE_UNREADABLE",
      data: { isTooLarge: true },
    });
  });

  it("counts a text in each place where it is", async () => {
    const list = (length: number): string[] => Array.from({ length }, () => "x".repeat(1_000));
    expect(encodeValue("a", list(200)).length).toBeLessThan(2_000);
    const error = await caught(() => encodeValue("a", list(300)));
    expect(error).toMatchObject({
      code: "VALUE_TOO_LARGE",
      data: { bytes: 300 * 1_003 + 16, maxBytes: maxValueBytes },
    });
  });

  it.each([
    ["Maps", '["Map"]', 29_000],
    ["objects", "{}", 85_000],
    ["lists", "[]", 85_000],
  ])("counts more for an object than its text has: %s", async (_, one, count) => {
    const text = `[[${Array.from({ length: count }, () => 1).join(",")}],${one}]`;
    expect(text.length).toBeLessThan(maxValueBytes);
    expect(await caught(() => decodeValue(text, maxValueBytes))).toMatchObject({ data: { isTooLarge: true } });
  });

  it("reads all that it writes, whatever the limit was", () => {
    const value = Array.from({ length: 4_000 }, () => "x".repeat(200));
    expect(decodeValue(encodeValue("a", value, 1_000_000))).toEqual(value);
  });
});

/** A text of a value is read, and no other text gives another error than this one. */
function decodedOrRefused(text: string): unknown {
  try {
    return decodeValue(text);
  } catch (error) {
    if (isKawaError(error, "VALUE_UNREADABLE")) return error.code;
    throw error;
  }
}

const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constantFrom(undefined, null, true, false, Number.NaN, Infinity, -Infinity, -0, 0, "", '<\u2028\ud800"\\'),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: "binary" }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.float64Array({ noNaN: true }),
    fc.bigInt64Array(),
    fc.array(tie("value")),
    fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      tie("value"),
    ),
    fc
      .uniqueArray(tie("value"))
      .map((members) => new Set(members.map((member) => (Object.is(member, -0) ? 0 : member)))),
    fc.array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie("value"))).map((entries) => new Map(entries)),
  ),
})).value;

describe("any value", () => {
  it("comes back equal in every part, and is written again in the same way", { timeout: modelTimeout(300) }, () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = encodeValue("a", given);
        const read = decodeValue(text);
        expect(read).toStrictEqual(given);
        expect(encodeValue("a", read)).toBe(text);
      }),
      { numRuns: modelRuns(300) },
    );
  });

  it("is read as devalue has written it", { timeout: modelTimeout(300) }, () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decodeValue(stringify(given))).toStrictEqual(given);
      }),
      { numRuns: modelRuns(300) },
    );
  });

  it("is refused, or is another value, when its text was changed", { timeout: modelTimeout(1_000) }, () => {
    const part = fc.constantFrom(
      "-1",
      "-2",
      "-7",
      "0",
      "99",
      "4294967295",
      "[",
      "]",
      ",",
      '"Map"',
      '"ArrayBuffer"',
      '"',
      "{}",
      "null",
      "1e999",
      "\\",
      "__proto__",
    );
    const change = fc.tuple(fc.nat(), fc.nat({ max: 8 }), part);
    fc.assert(
      fc.property(value, fc.array(change, { minLength: 1, maxLength: 3 }), (given, changes) => {
        let text = encodeValue("a", given);
        for (const [at, length, by] of changes) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + by + text.slice(from + length);
        }
        const read = decodedOrRefused(text);
        expect(decodeValue(encodeValue("a", read))).toStrictEqual(read);
      }),
      { numRuns: modelRuns(1_000) },
    );
  });
});
