import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { encodeValue } from "./value.ts";

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
