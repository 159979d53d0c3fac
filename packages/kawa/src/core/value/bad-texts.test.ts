import { describe, expect, it } from "vitest";
import { badTexts } from "../../../test/support/bad-texts.ts";
import { caught } from "../../../test/support/caught.ts";
import { createPresentEntry, textOf } from "../backend/entry.ts";
import { decodeValue } from "./value.ts";

describe("a text that is of no value", () => {
  it.each(badTexts)("is refused: %s", async (_, text) => {
    expect(await caught(() => decodeValue(text))).toMatchObject({ code: "VALUE_UNREADABLE", retryable: false });
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });

  it("is refused with the place inside", async () => {
    expect(await caught(() => decodeValue('[{"a":1},[2,2,2,3],0,["RegExp","a"]]'))).toMatchObject({
      data: { path: "value.a[3]" },
    });
  });

  it("is an error where it would be sent, when it is small enough to be read and too large to be written out", async () => {
    const text = `[[${Array.from({ length: 1_000 }, () => 1).join(",")}],"${"漢".repeat(1_000)}"]`;
    const entry = createPresentEntry(1, text);
    expect(entry.value).toHaveLength(1_000);
    expect(await caught(() => textOf("app:a", entry))).toMatchObject({
      code: "VALUE_UNREADABLE",
      data: { key: "app:a" },
    });
  });

  it("names its key when an entry is read", async () => {
    const error = await caught(() => textOf("app:a", createPresentEntry(1, "[[-7,4294967295]]")));
    expect(error).toMatchObject({
      code: "VALUE_UNREADABLE",
      data: { key: "app:a" },
      message: expect.stringContaining('"app:a"'),
    });
  });
});
