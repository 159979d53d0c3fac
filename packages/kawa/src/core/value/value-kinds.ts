/** The kinds of numbers that a typed array may hold. The format names each by its class. */
const elementKinds = [
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"],
  ...["Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
] as const;

export type TypedArrayClass = { new (buffer: ArrayBuffer): ArrayBufferView; readonly BYTES_PER_ELEMENT: number };

/** The classes of typed arrays that this platform has, by name. */
export const typedArrayClasses: ReadonlyMap<string, TypedArrayClass> = new Map(
  elementKinds.flatMap((name) => {
    const found = Reflect.get(globalThis, name) as TypedArrayClass | undefined;
    return found ? [[name, found]] : [];
  }),
);

/** Kinds of objects that a value may hold; a typed array is named by its class. */
export type ObjectKind = string;

/** `null` is a plain object without a prototype. */
const kindsByPrototype = new Map<object | null, ObjectKind>([
  [Object.prototype, "Object"],
  [null, "null"],
  [Array.prototype, "Array"],
  [Map.prototype, "Map"],
  [Set.prototype, "Set"],
  [Date.prototype, "Date"],
  [ArrayBuffer.prototype, "ArrayBuffer"],
  ...[...typedArrayClasses].map(([name, found]) => [found.prototype as object, name] as const),
  // A Buffer may be a part of a pool: only its own bytes count.
  ...(typeof Buffer === "function" ? ([[Buffer.prototype, "Uint8Array"]] as const) : []),
]);
const kinds: ReadonlySet<string> = new Set(kindsByPrototype.values());

const tagOf = Object.prototype.toString;
const sourceOf = Function.prototype.toString;

/** Undefined for what no value may hold: instances of classes, also of classes that extend an allowed one. */
export function kindOf(thing: object): ObjectKind | undefined {
  const prototype: unknown = Object.getPrototypeOf(thing);
  const kind = kindsByPrototype.get(prototype as object | null) ?? kindOfOtherRealm(prototype as object);
  // The prototype alone proves nothing: `arguments` has that of a plain object, and Object.create() gives any.
  switch (kind) {
    case "Object":
    case "null":
      return tagOf.call(thing) === "[object Object]" ? kind : undefined;
    case "Array":
      return Array.isArray(thing) ? kind : undefined;
    case undefined:
      return undefined;
    default:
      return tagOf.call(thing) === `[object ${kind}]` && hasSlots(kind, thing) ? kind : undefined;
  }
}

/** An object of another realm is plain data too, as between a test runner and Node. */
function kindOfOtherRealm(prototype: object): ObjectKind | undefined {
  // Tests that stop the clock replace the class Date.
  if (prototype === globalThis.Date.prototype) return "Date";
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof made !== "function" || made.prototype !== prototype || !kinds.has(made.name)) return undefined;
  return sourceOf.call(made) === `function ${made.name}() { [native code] }` ? made.name : undefined;
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get!;
const bufferSize = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")!.get!;

/** False for an object that only has the prototype of its kind. */
function hasSlots(kind: ObjectKind, thing: object): boolean {
  try {
    if (kind === "Map") mapSize.call(thing);
    else if (kind === "Set") setSize.call(thing);
    else if (kind === "Date") Date.prototype.getTime.call(thing);
    else if (kind === "ArrayBuffer") bufferSize.call(thing);
    else return ArrayBuffer.isView(thing);
    return true;
  } catch {
    return false;
  }
}

/** In a longer typed array added properties are not looked for: that would take longer than to encode it. */
const maxNamedElements = 1_024;

/** True for an object, other than a plain one or a list, to which properties were added. */
export function hasNames(kind: ObjectKind, thing: object): boolean {
  const isView = ArrayBuffer.isView(thing);
  if (!isView && kind !== "Date") return Reflect.ownKeys(thing).length > 0;
  const elementCount = isView ? (thing as Uint8Array).length : 0;
  if (elementCount <= maxNamedElements && Object.keys(thing).length > elementCount) return true;
  // A property of a Date that is not enumerable comes from a clock of tests.
  return Object.getOwnPropertySymbols(thing).some(
    (symbol) => isView || Object.getOwnPropertyDescriptor(thing, symbol)?.enumerable,
  );
}
