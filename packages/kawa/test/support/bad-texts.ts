function nestedReferences(levels: number): string {
  return `[${Array.from({ length: levels }, (_, at) => `[${at + 1},${at + 1}]`).join(",")},"x"]`;
}

function deep(levels: number): string {
  return `[${Array.from({ length: levels }, (_, at) => `[${at + 1}]`).join(",")},1]`;
}

/** Texts that are of no value: what a stranger may send, and what a store may hold. */
export const badTexts: readonly (readonly [what: string, text: string])[] = [
  ["a list of four billion holes", "[[-7,4294967295]]"],
  ["a list with holes", "[[-2,-2]]"],
  ["references that double 60 times", nestedReferences(60)],
  ["references that double 20 times", nestedReferences(20)],
  ["a large text in many places", `[[${Array.from({ length: 10_000 }, () => 1).join(",")}],"${"x".repeat(20_000)}"]`],
  ["a list that contains itself", "[[0]]"],
  ["a Map that contains itself", '[["Map",1,0],"a"]'],
  ["501 levels", deep(501)],
  ["20,000 levels", deep(20_000)],
  ["20,000 levels of JSON", "[".repeat(20_000) + "]".repeat(20_000)],
  ["a RegExp", '[["RegExp","(a+)+$"]]'],
  ["a URL", '[["URL","http://127.0.0.1/"]]'],
  ["a boxed number", '[["Object",1],1]'],
  ["a Temporal.Instant", '[["Temporal.Instant","2026-01-01T00:00:00Z"]]'],
  ["a DataView", '[["DataView",1],["ArrayBuffer","AAAA"]]'],
  ["an unknown kind", '[["constructor",1],1]'],
  ["an invalid Date", '[["Date",""]]'],
  ["a Date of another form", '[["Date","1 Jan 2026"]]'],
  ["a Date that is a number", '[["Date",1e20]]'],
  ["a BigInt of 200,000 digits", `[["BigInt","${"9".repeat(200_000)}"]]`],
  ["a BigInt in another form", '[["BigInt","0x10"]]'],
  ["a BigInt that is none", '[["BigInt",""]]'],
  ["a Map with half an entry", '[["Map",1],"a"]'],
  ["a Map with a key twice", '[["Map",1,2,1,2],"a",1]'],
  ["a Set with a member twice", '[["Set",1,1],"a"]'],
  ["bytes that are not in base64", '[["Uint8Array",1],["ArrayBuffer","****"]]'],
  ["bytes in base64 of another form", '[["Uint8Array",1],["ArrayBuffer","AAB="]]'],
  ["bytes that are a number", '[["Uint8Array",1],["ArrayBuffer",4294967295]]'],
  ["a typed array of a claimed length", '[["Uint8Array",1],4294967295]'],
  ["a typed array beyond its bytes", '[["Uint8Array",1,0,4294967295],["ArrayBuffer","AAAA"]]'],
  ["a typed array before its bytes", '[["Uint8Array",1,-1,1],["ArrayBuffer","AAAA"]]'],
  ["a typed array of half an element", '[["Uint16Array",1],["ArrayBuffer","AAAA"]]'],
  ["the name __proto__", '[{"__proto__":1},{"isAdmin":2},true]'],
  ["the name __proto__ without a prototype", '[["null","__proto__",1],1]'],
  ["a name twice without a prototype", '[["null","a",1,"a",1],1]'],
  ["a part that is not there", "[[7]]"],
  ["a part with a broken number", "[[0.5]]"],
  ["a part with a name", '[["a"],1]'],
  ["a part named length", '[{"a":"length"}]'],
  ["an unknown code", "[[-8]]"],
  ["a hole alone", "-2"],
  ["no parts", "[]"],
  ["a number alone", "5"],
  ["an object alone", "{}"],
  ["null alone", "null"],
  ["no JSON", "hello"],
  ["nothing", ""],
];
