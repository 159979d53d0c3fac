import { describe, expect, it } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { signal } from "../core/namespace.ts";
import { useReactive } from "./use-reactive.ts";

describe("useReactive outside of server components", () => {
  it("says where to read the signal instead", async () => {
    const error = await caught(() => useReactive(signal(0)));
    expect(error).toMatchObject({ code: "CONTEXT_UNSUPPORTED", message: expect.stringContaining("server component") });
  });
});
