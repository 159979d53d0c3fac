import { describe, expect, it } from "vitest";
import * as edgeMiddleware from "../middleware/index.edge.ts";
import * as middleware from "../middleware/index.ts";
import * as edgeSession from "../session/index.edge.ts";
import * as session from "../session/index.ts";

describe("the entries for the edge runtime", () => {
  it.each([
    ["middleware", edgeMiddleware, middleware],
    ["session", edgeSession, session],
  ])("of %s have the names of the others, and say what is missing", (_, edge, node) => {
    expect(Object.keys(edge).toSorted()).toEqual(Object.keys(node).toSorted());
    for (const refuse of Object.values(edge)) {
      expect(refuse).toThrow(
        expect.objectContaining({ code: "RUNTIME_UNSUPPORTED", message: expect.stringContaining('runtime: "nodejs"') }),
      );
    }
  });
});
