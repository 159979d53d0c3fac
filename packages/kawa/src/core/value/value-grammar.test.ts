import { runInNewContext } from "node:vm";
import { stringify } from "devalue";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { isKawaError } from "../errors/errors.ts";
import { decodeValue, encodeValue, maxValueBytes } from "./value.ts";

class OwnMap extends Map {}
class OwnSet extends Set {}
class OwnList extends Array {}
class OwnDate extends Date {}
class OwnBytes extends Uint8Array {}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(4);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function argumentsOf(): IArguments {
  return arguments;
}

const hole = [1, 2, 3];
delete hole[1];
const refused: readonly (readonly [what: string, value: unknown])[] = [
  ["a RegExp", /a/g],
  ["a URL", new URL("http://127.0.0.1/")],
  ["URLSearchParams", new URLSearchParams("a=1")],
  ["a boxed number", Object(1)],
  ["a boxed text", Object("a")],
  ["a boxed boolean", Object(false)],
  ["a boxed BigInt", Object(1n)],
  ["a boxed symbol", Object(Symbol("a"))],
  ["an invalid Date", new Date(Number.NaN)],
  ["a list with a hole", hole],
  ["a long list with nothing in it", Object.assign([], { length: 4_294_967_295 })],
  ["a list with a name", Object.assign([1], { name: "x" })],
  ["a match of a RegExp", /a/.exec("a")],
  ["a list with a symbol", Object.assign([1], { [Symbol("a")]: 1 })],
  ["arguments", argumentsOf()],
  ["an error", new TypeError("x")],
  ["a class that extends Map", new OwnMap()],
  ["a class that extends Set", new OwnSet()],
  ["a class that extends Array", OwnList.from([1])],
  ["a class that extends Date", new OwnDate()],
  ["a class that extends Uint8Array", new OwnBytes(1)],
  ["what only looks like a Map", Object.create(Map.prototype)],
  ["what only looks like a Date", Object.create(Date.prototype)],
  ["what only looks like a list", Object.create(Array.prototype)],
  ["what only looks like bytes", Object.create(Uint8Array.prototype)],
  ["an object that inherits from another one", Object.create({ a: 1 })],
  ["a Map with a name", Object.assign(new Map(), { a: 1 })],
  ["a Date with a name", Object.assign(new Date(), { a: 1 })],
  ["bytes with a name", Object.assign(new Uint8Array(2), { a: 1 })],
  ["a symbol as a name", { [Symbol("a")]: 1 }],
  [
    "a getter",
    {
      get a() {
        throw new Error("was called");
      },
    },
  ],
  ["a property that is not enumerable", Object.defineProperty({}, "a", { value: 1 })],
  ["the name __proto__", JSON.parse('{"__proto__":{"isAdmin":true}}')],
  ["a DataView", new DataView(new ArrayBuffer(2))],
  ["a SharedArrayBuffer", new SharedArrayBuffer(2)],
  ["bytes of a SharedArrayBuffer", new Uint8Array(new SharedArrayBuffer(2))],
  ["a resizable ArrayBuffer", new ArrayBuffer(2, { maxByteLength: 4 })],
  ["bytes of a resizable ArrayBuffer", new Uint8Array(new ArrayBuffer(2, { maxByteLength: 4 }))],
  ["a detached ArrayBuffer", detached()],
  [
    "bytes of a detached ArrayBuffer",
    (() => {
      const bytes = new Uint8Array(4);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    })(),
  ],
  ["a WeakMap", new WeakMap()],
  ["a promise", Promise.resolve(1)],
  ["a generator", (function* () {})()],
  ["Math", Math],
  ["a Map with a hidden name", Object.defineProperty(new Map(), "a", { value: 1 })],
  ["bytes with a hidden symbol", Object.defineProperty(new Uint8Array(2), Symbol("a"), { value: 1 })],
  ["an ArrayBuffer with a symbol", Object.assign(new ArrayBuffer(2), { [Symbol("a")]: 1 })],
  ["a list with a hidden name", Object.defineProperty([1], "a", { value: 1 })],
  ["the texts of a template", ((texts: TemplateStringsArray) => texts)`a`],
  ["a module", await import("../errors/clip.ts")],
  ["an object with a toJSON of its own", { toJSON: () => 1 }],
  ["a Proxy of a Map", new Proxy(new Map(), {})],
  ["a Proxy that is revoked", revoked()],
  [
    "a Proxy that throws",
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("not now");
        },
      },
    ),
  ],
  [
    "a list whose getter throws",
    Object.defineProperty([1], 0, {
      get: () => {
        throw new Error("not now");
      },
    }),
  ],
  ["a class that extends Error", new (class extends Error {})()],
  ["a class that extends Promise", new (class extends Promise<void> {})(() => {})],
  ["a class that extends Buffer", Object.setPrototypeOf(Buffer.from("a"), class extends Buffer {}.prototype)],
  [
    "an instance of a class",
    new (class Point {
      x = 1;
    })(),
  ],
  [
    "an instance of a class without a name",
    new (class {
      x = 1;
    })(),
  ],
  ["Headers", new Headers()],
  ["a Blob", new Blob([])],
  ["a DOMException", new DOMException("a")],
  ["arguments of another realm", runInNewContext("(function () { return arguments; })(1)")],
  ["a boxed number of another realm", runInNewContext("Object(1)")],
  ["an error of another realm", runInNewContext("new Error('a')")],
  ["an async function", async () => 1],
  ["a function", () => 1],
  ["a symbol", Symbol("a")],
  ["a very long BigInt", 10n ** 4_096n],
];

describe("what no value may hold", () => {
  it.each(refused)("is refused with where it is: %s", async (_, value) => {
    for (const [holder, path] of [
      [value, "value"],
      [{ list: [0, value] }, "value.list[1]"],
      [new Map([["a", [value]]]), 'value.get("a")[0]'],
    ] as const) {
      const error = await caught(() => encodeValue("app:a", holder));
      expect(error).toMatchObject({ code: "VALUE_UNSERIALIZABLE", data: { path: expect.stringContaining(path) } });
    }
  });

  it("is refused as a key of a Map and as a member of a Set", async () => {
    expect(await caught(() => encodeValue("a", new Map([[/a/, 1]])))).toMatchObject({
      data: { path: "value.get(...)" },
    });
    expect(await caught(() => encodeValue("a", { set: new Set([/a/]) }))).toMatchObject({
      data: { path: "value.set" },
    });
  });

  it("says what to store instead", async () => {
    const messageOf = async (value: unknown): Promise<string> =>
      ((await caught(() => encodeValue("a", value))) as Error).message;
    expect(await messageOf([new URL("http://127.0.0.1/")])).toContain(
      "an instance of URL cannot be stored; store its href at value[0].",
    );
    expect(await messageOf(new OwnMap())).toContain("an instance of OwnMap cannot be stored");
    expect(await messageOf(hole)).toContain("fill them, such as with Array.from(list) at value[1].");
  });
});

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
  it("comes back equal in every part, and is written again in the same way", () => {
    fc.assert(
      fc.property(value, (given) => {
        const text = encodeValue("a", given);
        const read = decodeValue(text);
        expect(read).toStrictEqual(given);
        expect(encodeValue("a", read)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it("is read as devalue has written it", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decodeValue(stringify(given))).toStrictEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused, or is another value, when its text was changed", () => {
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
      { numRuns: 1_000 },
    );
  });
});
