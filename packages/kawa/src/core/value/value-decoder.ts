import { fromBase64, partOf } from "./value-bytes.ts";
import { costs, type DecodedValue, maxValueDepth, valuesByCode } from "./value-format.ts";
import { typedArrayClasses } from "./value-kinds.ts";
import { type PathSegment, ValueRefusal } from "./value-refusal.ts";
import { versionIn } from "./value-version.ts";
import { bigIntFrom, dateFrom } from "./value-text.ts";

/**
 * Reads what `encode` and devalue have written. It allocates nothing because a text claims a size: it makes only what is there, and no
 * more than `maxBytes` of it, counted as if nothing were shared.
 *
 * @throws {ValueRefusal} - the text is of no value
 */
export function decode(text: string, maxBytes: number): DecodedValue {
  let nodes: unknown;
  // A row that was written by hand may hold anything.
  if (typeof text !== "string") throw new ValueRefusal("it is no text");
  try {
    nodes = JSON.parse(text);
  } catch {
    throw new ValueRefusal("it is no JSON");
  }
  return new Decoder(Array.isArray(nodes) ? nodes : [], maxBytes).decode(typeof nodes === "number" ? nodes : 0);
}

/** Builds a tree: what the text shares is made in each place where it is, so to encode the value again takes no more than it has. */
class Decoder {
  readonly #nodes: readonly unknown[];
  readonly #path: PathSegment[] = [];
  #left: number;
  #depth = 0;
  /** How many Maps and Sets are around: what is in them is not frozen, as they are not. */
  #copies = 0;
  #isFrozen = true;
  /** Bytes of each node: devalue writes several views of one buffer. */
  readonly #buffers = new Map<number, Uint8Array<ArrayBuffer>>();

  constructor(nodes: readonly unknown[], maxBytes: number) {
    this.#nodes = nodes;
    this.#left = maxBytes;
  }

  decode(root: number): DecodedValue {
    const versioned = root === 0 ? versionIn(this.#nodes[0]) : undefined;
    return { value: this.#read(versioned ? versioned.root : root), isFrozen: this.#isFrozen };
  }

  #read(index: unknown): unknown {
    if (typeof index === "number" && index < 0) return this.#readCode(index);
    const node = this.#nodeAt(index);
    switch (typeof node) {
      case "string":
        this.#spend(node.length + 2);
        return node;
      case "number":
      case "boolean":
        this.#spend(1);
        return node;
      default:
        if (node !== null) return this.#readObject(node as object, index as number);
        this.#spend(4);
        return null;
    }
  }

  #readCode(code: number): unknown {
    this.#spend(costs.code);
    if (!valuesByCode.has(code)) throw this.#refusal("it has a hole or an unknown code");
    return valuesByCode.get(code);
  }

  #nodeAt(index: unknown): unknown {
    if (Number.isInteger(index) && (index as number) < this.#nodes.length && (index as number) >= 0)
      return this.#nodes[index as number];
    throw this.#refusal("it names a part that is not there");
  }

  #readObject(node: object, index: number): unknown {
    if (this.#depth >= maxValueDepth)
      throw this.#refusal(`it has more than ${maxValueDepth} levels, or contains itself`);
    this.#depth += 1;
    const value = Array.isArray(node)
      ? typeof node[0] === "string"
        ? this.#readKind(node[0], node, index)
        : this.#readList(node)
      : this.#readMembers(node);
    this.#depth -= 1;
    return value;
  }

  #readList(node: readonly unknown[]): unknown {
    this.#spend(costs.list + node.length * costs.member);
    // A copy whose own elements are replaced: no setter of a prototype is called.
    const list: unknown[] = node.slice();
    for (let at = 0; at < node.length; at += 1) {
      this.#path.push(at);
      list[at] = this.#read(node[at]);
      this.#path.pop();
    }
    return this.#frozen(list);
  }

  #readMembers(node: object): unknown {
    this.#spend(costs.object);
    const made = { ...node } as Record<string, unknown>;
    for (const name of Object.keys(made)) made[name] = this.#readMember(name, made[name]);
    return this.#frozen(made);
  }

  #readMember(name: string, index: unknown): unknown {
    if (name === "__proto__") throw this.#refusal('it has the name "__proto__"');
    this.#spend(name.length + 2 + costs.name);
    this.#path.push(name);
    const value = this.#read(index);
    this.#path.pop();
    return value;
  }

  #readKind(kind: string, node: readonly unknown[], index: number): unknown {
    switch (kind) {
      case "null":
        return this.#readBare(node);
      case "Map":
        return this.#readMap(node);
      case "Set":
        return this.#readSet(node);
      case "Date":
        return this.#readDate(node);
      case "BigInt":
        return this.#readBigInt(node);
      case "ArrayBuffer":
        return this.#copyOf(this.#bytesOf(node, index));
      default:
        return this.#readTypedArray(kind, node);
    }
  }

  /** An object without a prototype. */
  #readBare(node: readonly unknown[]): unknown {
    this.#spend(costs.object);
    const made = Object.create(null) as Record<string, unknown>;
    for (let at = 1; at < node.length; at += 2) {
      const name = node[at];
      if (typeof name !== "string" || name in made) throw this.#refusal("it has a name twice, or one that is no text");
      made[name] = this.#readMember(name, node[at + 1]);
    }
    return this.#frozen(made);
  }

  #readMap(node: readonly unknown[]): unknown {
    this.#spend(costs.map + node.length - 1);
    const map = new Map<unknown, unknown>();
    this.#copies += 1;
    for (let at = 1; at < node.length; at += 2) {
      this.#path.push(undefined);
      const key = this.#readKey(node[at]);
      this.#path[this.#path.length - 1] = { key };
      if (map.has(key)) throw this.#refusal("it has a key twice");
      map.set(key, this.#read(node[at + 1]));
      this.#path.pop();
    }
    return this.#copied(map);
  }

  #readSet(node: readonly unknown[]): unknown {
    this.#spend(costs.set + node.length - 1);
    const set = new Set<unknown>();
    this.#copies += 1;
    this.#path.push(undefined);
    for (let at = 1; at < node.length; at += 1) {
      const member = this.#readKey(node[at]);
      if (set.has(member)) throw this.#refusal("it has a member twice");
      set.add(member);
    }
    this.#path.pop();
    return this.#copied(set);
  }

  /** A Map and a Set take -0 for 0. */
  #readKey(index: unknown): unknown {
    const key = this.#read(index);
    if (Object.is(key, -0)) throw this.#refusal("it has -0 as a key");
    return key;
  }

  #copied(made: object): object {
    this.#copies -= 1;
    this.#isFrozen = false;
    return made;
  }

  #readDate([, text, ...more]: readonly unknown[]): unknown {
    this.#spend(35);
    const date = dateFrom(text);
    if (!date || more.length > 0) throw this.#refusal("it has a malformed Date");
    this.#isFrozen = false;
    return date;
  }

  #readBigInt([, text, ...more]: readonly unknown[]): unknown {
    const value = bigIntFrom(text);
    if (value === undefined || more.length > 0) throw this.#refusal("it has a malformed BigInt");
    this.#spend((text as string).length + 13);
    return value;
  }

  /** With a part of a buffer as devalue writes it: from a byte on, and so many elements. */
  #readTypedArray(kind: string, [, index, from, count, ...more]: readonly unknown[]): unknown {
    const made = typedArrayClasses.get(kind);
    if (!made) throw this.#refusal(`it has a ${kind}, which cannot be stored`);
    const node = this.#nodeAt(index);
    if (!Array.isArray(node) || node[0] !== "ArrayBuffer" || more.length > 0)
      throw this.#refusal("it has a typed array without its bytes");
    const part = partOf(this.#bytesOf(node, index as number), { from, count, size: made.BYTES_PER_ELEMENT });
    if (!part) throw this.#refusal("it has a typed array outside of its bytes");
    return new made(this.#copyOf(part));
  }

  #copyOf(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer {
    this.#spend(Math.ceil(bytes.byteLength / 3) * 4 + costs.bytes);
    this.#isFrozen = false;
    return bytes.slice().buffer;
  }

  #bytesOf([, text, ...more]: readonly unknown[], index: number): Uint8Array<ArrayBuffer> {
    let bytes = this.#buffers.get(index);
    if (!bytes) {
      if (typeof text !== "string" || more.length > 0 || !(bytes = fromBase64(text)))
        throw this.#refusal("it has malformed bytes");
      this.#buffers.set(index, bytes);
    }
    return bytes;
  }

  #frozen(made: object): object {
    return this.#copies > 0 ? made : Object.freeze(made);
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new ValueRefusal("it is too large when it is read", this.#path, { isTooLarge: true });
  }

  #refusal(reason: string): ValueRefusal {
    return new ValueRefusal(reason, this.#path);
  }
}
