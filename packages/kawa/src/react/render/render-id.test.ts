import { describe, expect, it } from "vitest";
import { isRenderId, nameAnswer, renderHeader, renderNameOf } from "./render-id.ts";
import { RenderReads } from "./render-reads.ts";

describe("the name of a render", () => {
  it("is the middleware's, and another one where there is none or none that could be", () => {
    const id = crypto.randomUUID();
    expect(renderNameOf(new Headers({ [renderHeader]: id }))).toEqual({ id });
    for (const headers of [new Headers(), new Headers({ [renderHeader]: "short" })]) {
      const [one, two] = [renderNameOf(headers), renderNameOf(headers)];
      expect(isRenderId(one.id)).toBe(true);
      expect(two.id).not.toBe(one.id);
      expect(one.refresh).toBeUndefined();
    }
  });

  it("is what the server action of the same request has given it, whatever the middleware says", () => {
    const headers = new Headers({ [renderHeader]: crypto.randomUUID() });
    const name = { id: crypto.randomUUID(), refresh: { of: new RenderReads("shown") } };
    nameAnswer(headers, name);
    expect(renderNameOf(headers)).toBe(name);
    expect(renderNameOf(new Headers(headers)).id).not.toBe(name.id);
  });
});
