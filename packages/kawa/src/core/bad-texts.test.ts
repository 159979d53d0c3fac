import { describe, expect, it } from "vitest";
import { badTexts } from "../../test/support/bad-texts.ts";
import { caught } from "../../test/support/caught.ts";
import { createPresentEntry, textOf } from "./entry.ts";
import { decodeValue } from "./value.ts";

describe("a text that is of no value", () => {
  it.each(badTexts)("is refused: %s", async (_, text) => {
    expect(await caught(() => decodeValue(text))).toMatchObject({ code: "VALUE_UNREADABLE", retryable: false });
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it("is refused with the place inside", async () => {
    expect(await caught(() => decodeValue('[{"a":1},[2,2,2,3],0,["RegExp","a"]]'))).toMatchObject({ data: { path: "value.a[3]" } });
  });

  it("names its key when an entry is read", async () => {
    const error = await caught(() => textOf("app:a", createPresentEntry(1, "[[-7,4294967295]]")));
    expect(error).toMatchObject({ code: "VALUE_UNREADABLE", data: { key: "app:a" }, message: expect.stringContaining('"app:a"') });
  });
});
