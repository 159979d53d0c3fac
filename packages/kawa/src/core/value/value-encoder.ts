import { clip } from "../errors/clip.ts";
import { toBase64, utf8Length } from "./value-bytes.ts";
import { codeOf, costs, type EncodedValue, maxBigIntDigits, maxValueDepth } from "./value-format.ts";
import { firstVersion, versionNode } from "./value-version.ts";
import { hasNames, kindOf } from "./value-kinds.ts";
import { type PathSegment, ValueRefusal } from "./value-refusal.ts";
import { isLongBigInt, isSimple, quote, textOfDate } from "./value-text.ts";
import { whyBufferRefused, whyRefused } from "./why-refused.ts";

/** @throws {ValueRefusal} - the value is outside of the grammar, or takes more than `maxBytes` when nothing in it is shared */
export function encode(value: unknown, maxBytes: number, version: number): EncodedValue {
  return new Encoder(maxBytes).encode(value, version);
}

/** Writes a value as a tree: an object is written in each place where it is, texts and numbers once. */
class Encoder {
  readonly #maxBytes: number;
  readonly #nodes: string[] = [];
  readonly #primitives = new Map<unknown, number>();
  readonly #bytesOfPrimitives: number[] = [];
  readonly #path: PathSegment[] = [];
  readonly #ancestors: object[] = [];
  #expandedBytes = 0;
  /** By how much the bytes of all texts exceed their characters. */
  #extraBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  encode(value: unknown, version: number): EncodedValue {
    if (version > firstVersion) this.#nodes.push("");
    const root = this.#addGuarded(value);
    if (version > firstVersion) this.#nodes[0] = versionNode(version, root);
    const text = this.#nodes.length === 0 ? String(root) : `[${this.#nodes.join(",")}]`;
    return { text, bytes: text.length + this.#extraBytes, expandedBytes: this.#expandedBytes };
  }

  #addGuarded(value: unknown): number {
    try {
      return this.#add(value);
    } catch (error) {
      if (error instanceof ValueRefusal) throw error;
      // A Proxy or a getter in a list runs code of the app.
      throw this.#refusal(`reading it threw ${clip(error)}; store plain data`);
    }
  }

  /** Returns the place of its node. */
  #add(value: unknown): number {
    switch (typeof value) {
      case "string":
      case "boolean":
      case "bigint":
        return this.#addPrimitive(value);
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? this.#addPrimitive(value) : this.#addCode(value);
      case "undefined":
        return this.#addCode(value);
      case "object":
        return value === null ? this.#addPrimitive(value) : this.#addObject(value);
      default:
        throw this.#refusal(whyRefused(value));
    }
  }

  #addCode(value: number | undefined): number {
    this.#spend(costs.code);
    return codeOf(value);
  }

  #addPrimitive(value: string | number | boolean | bigint | null): number {
    let index = this.#primitives.get(value);
    if (index === undefined) {
      const extraBefore = this.#extraBytes;
      const text =
        typeof value === "string"
          ? this.#quoted(value)
          : typeof value === "bigint"
            ? this.#bigInt(value)
            : String(value);
      index = this.#nodes.push(text) - 1;
      this.#bytesOfPrimitives[index] = text.length + this.#extraBytes - extraBefore;
      this.#primitives.set(value, index);
    }
    this.#spend(this.#bytesOfPrimitives[index]!);
    return index;
  }

  #addObject(thing: object): number {
    if (this.#ancestors.length >= maxValueDepth) throw this.#tooDeep(thing);
    const index = this.#nodes.push("") - 1;
    this.#ancestors.push(thing);
    this.#nodes[index] = this.#node(thing);
    this.#ancestors.pop();
    return index;
  }

  #node(thing: object): string {
    const kind = kindOf(thing);
    switch (kind) {
      case undefined:
        throw this.#refusal(whyRefused(thing));
      case "Object":
        return `{${this.#members(thing, ":", costs.object)}}`;
      case "null": {
        const members = this.#members(thing, ",", costs.object);
        return members === "" ? '["null"]' : `["null",${members}]`;
      }
      case "Array":
        return this.#list(thing as unknown[]);
    }
    if (hasNames(kind, thing))
      throw this.#refusal("properties that were added to such an object cannot be stored; store them beside it");
    switch (kind) {
      case "Map":
        return this.#map(thing as Map<unknown, unknown>);
      case "Set":
        return this.#set(thing as Set<unknown>);
      case "Date":
        return this.#date(thing as Date);
      case "ArrayBuffer":
        return this.#bytesNode(new Uint8Array(this.#checked(thing as ArrayBuffer)));
      default:
        return this.#typedArray(kind, thing as ArrayBufferView);
    }
  }

  #members(thing: object, separator: string, cost: number): string {
    this.#spend(cost);
    let text = "";
    for (const name of Reflect.ownKeys(thing)) {
      if (typeof name === "symbol") throw this.#refusal("a symbol as a name cannot be stored; use a text");
      this.#path.push(name);
      const property = Object.getOwnPropertyDescriptor(thing, name);
      if (name === "__proto__") throw this.#refusal('the name "__proto__" cannot be stored; use another one');
      if (!property || !("value" in property)) throw this.#refusal("a getter cannot be stored; store what it gives");
      if (!property.enumerable)
        throw this.#refusal("a property that is not enumerable cannot be stored; define it as usual, or leave it out");
      const extraBefore = this.#extraBytes;
      const quoted = this.#quoted(name);
      this.#spend(quoted.length + this.#extraBytes - extraBefore + costs.name);
      text += `${text === "" ? "" : ","}${quoted}${separator}${this.#add(property.value)}`;
      this.#path.pop();
    }
    return text;
  }

  #list(list: readonly unknown[]): string {
    const { length } = list;
    // Without "length". Counted first: nothing is done as often as a wrong length says.
    const nameCount = Reflect.ownKeys(list).length - 1;
    if (nameCount < length) throw this.#hole(list);
    this.#spend(costs.list + length * costs.member);
    let text = "[";
    for (let at = 0; at < length; at += 1) {
      this.#path.push(at);
      if (!(at in list)) throw this.#hole(list);
      text += at === 0 ? this.#add(list[at]) : `,${this.#add(list[at])}`;
      this.#path.pop();
    }
    if (nameCount > length) {
      throw this.#refusal("a list with named properties cannot be stored; store an object with the list in it");
    }
    return `${text}]`;
  }

  #map(map: ReadonlyMap<unknown, unknown>): string {
    this.#spend(costs.map + 2 * map.size * costs.member);
    let text = '["Map"';
    Map.prototype.forEach.call(map, (value, key) => {
      this.#path.push({ key });
      text += `,${this.#add(key)},${this.#add(value)}`;
      this.#path.pop();
    });
    return `${text}]`;
  }

  #set(set: ReadonlySet<unknown>): string {
    this.#spend(costs.set + set.size * costs.member);
    let text = '["Set"';
    this.#path.push(undefined);
    Set.prototype.forEach.call(set, (member) => {
      text += `,${this.#add(member)}`;
    });
    this.#path.pop();
    return `${text}]`;
  }

  #date(date: Date): string {
    const text = textOfDate(date);
    if (text === undefined) throw this.#refusal("an invalid Date cannot be stored; store null or a text");
    this.#spend(text.length + '["Date",""]'.length);
    return `["Date","${text}"]`;
  }

  #typedArray(kind: string, view: ArrayBufferView): string {
    this.#checked(view.buffer);
    return `["${kind}",${this.#nodes.push(this.#bytesNode(view)) - 1}]`;
  }

  #bytesNode(view: ArrayBufferView): string {
    // Spent before they are written: there may be more bytes than fit into a text.
    this.#spend(costs.bytes + Math.ceil(view.byteLength / 3) * 4);
    return `["ArrayBuffer","${toBase64(view)}"]`;
  }

  #checked(buffer: ArrayBufferLike): ArrayBufferLike {
    const reason = whyBufferRefused(buffer);
    if (reason !== undefined) throw this.#refusal(reason);
    return buffer;
  }

  #bigInt(value: bigint): string {
    if (isLongBigInt(value))
      throw this.#refusal(`a BigInt of more than ${maxBigIntDigits} digits cannot be stored; store it as a text`);
    return `["BigInt","${value}"]`;
  }

  #quoted(text: string): string {
    if (isSimple(text)) return `"${text}"`;
    const quoted = quote(text);
    this.#extraBytes += utf8Length(quoted) - quoted.length;
    return quoted;
  }

  #hole(list: readonly unknown[]): ValueRefusal {
    const at = list.findIndex((_, index) => !(index in list));
    if (at >= 0 && this.#path.at(-1) !== at) this.#path.push(at);
    return this.#refusal("a list with holes cannot be stored; fill them, such as with Array.from(list)");
  }

  #tooDeep(thing: object): ValueRefusal {
    // The path leads to where the object occurs again, and not round and round.
    const again = [...this.#ancestors, thing].findIndex((one, at, chain) => chain.indexOf(one) < at);
    if (again === -1) return this.#refusal(`more than ${maxValueDepth} levels cannot be stored; name things by an id`);
    this.#path.length = again;
    return this.#refusal("an object that contains itself cannot be stored; name it by an id");
  }

  #spend(bytes: number): void {
    this.#expandedBytes += bytes;
    if (this.#expandedBytes > this.#maxBytes)
      throw new ValueRefusal("it is too large", this.#path, { isTooLarge: true });
  }

  #refusal(reason: string): ValueRefusal {
    return new ValueRefusal(reason, this.#path);
  }
}
