import { describe, expect, it } from "vitest";
import { createEventParser } from "./event-parser.ts";

function parse(...pieces: readonly string[]): readonly (readonly [string, string])[] {
  const events: [string, string][] = [];
  const take = createEventParser((name, data) => events.push([name, data]));
  for (const piece of pieces) take(piece);
  return events;
}

describe("the event parser", () => {
  it("reads events from text that is cut anywhere", () => {
    const text = 'event: hello\ndata: {"a":1}\n\nevent: ping\ndata: {}\n\n';
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(parse(text.slice(0, cut), text.slice(cut))).toEqual([
        ["hello", '{"a":1}'],
        ["ping", "{}"],
      ]);
    }
    expect(parse(...text)).toHaveLength(2);
  });

  it("reads lines that end with a carriage return, wherever they are cut", () => {
    const text = "event: hello\r\ndata: 1\r\n\r\n";
    for (let cut = 0; cut <= text.length; cut += 1)
      expect(parse(text.slice(0, cut), text.slice(cut))).toEqual([["hello", "1"]]);
  });

  it("joins lines of data, and takes one space off", () => {
    expect(parse("event:x\ndata:  a\ndata:b\n\n")).toEqual([["x", " a\nb"]]);
  });

  it.each([
    ["a comment", ": ping\n\n"],
    ["an event without a name", "data: 1\n\n"],
    ["other fields", "id: 1\nretry: 5\n\n"],
    ["an event that has not ended", "event: x\ndata: 1\n"],
    ["a page of HTML", "<!doctype html>\n\n<html>data: 1\n\n"],
  ])("ignores %s", (_, text) => {
    expect(parse(text)).toEqual([]);
  });
});
