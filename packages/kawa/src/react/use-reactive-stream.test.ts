import { describe, expect, it } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { useReactive } from "./use-reactive.ts";
import { useReactiveStream } from "./use-reactive-stream.ts";

describe("useReactiveStream outside of server components", () => {
  it("says where to use it instead", async () => {
    const error = await caught(() => useReactiveStream(0, () => {}, []));
    expect(error).toMatchObject({ code: "CONTEXT_UNSUPPORTED", message: expect.stringContaining("server component") });
  });

  it("is refused under the name of useReactive too", async () => {
    expect(await codeOf(() => useReactive(0, () => {}, []))).toBe("CONTEXT_UNSUPPORTED");
  });
});
