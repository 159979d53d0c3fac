import { createElement } from "react";
import { renderToReadableStream } from "react-dom/server.browser";
import { describe, expect, it } from "vitest";
import { codeOf } from "../../test/support/caught.ts";
import {
  createMemoryBackend,
  namespace,
  root,
  read,
  signal,
  useReactive,
  useReactiveStream,
} from "../index.browser.ts";

function InlineStream(): number {
  return useReactive(0, () => {}, []);
}

describe("a browser", () => {
  const app = namespace("app");

  it.each([
    ["keys() of a namespace", () => app.keys()],
    ["entries() of a namespace", () => app.entries()],
    ["clear() of a namespace", () => app.clear()],
    ["keys() of all signals", () => root.keys()],
    ["read()", async () => read(signal(0))],
    ["useReactiveStream()", async () => useReactiveStream(0, () => {}, [])],
    ["useReactive() with a function", () => renderToReadableStream(createElement(InlineStream))],
  ])("is told that %s works on servers only", async (_, call) => {
    expect(await codeOf(call)).toBe("CONTEXT_UNSUPPORTED");
  });

  it("lists and clears what it keeps in its own memory", async () => {
    const own = namespace("own", { backend: createMemoryBackend("own") });
    await own.signal("a", 0).set(1);
    expect(await own.keys()).toEqual(["a"]);
    expect([...(await own.entries())]).toEqual([["a", 1]]);
    await own.clear();
    expect(await own.keys()).toEqual([]);
  });
});
