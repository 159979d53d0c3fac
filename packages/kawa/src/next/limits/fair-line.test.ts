import { expect, it } from "vitest";
import { FairLine } from "./fair-line.ts";

/** Takes all that waits, or so much of it. */
function takeFrom(line: FairLine<string>, count = line.size): string[] {
  return Array.from({ length: count }, () => line.take()!);
}

it("gives nothing when nothing waits", () => {
  expect(new FairLine().take()).toBeUndefined();
});

it("lets clients take turns, each with its work in the order in which it came", () => {
  const line = new FairLine<string>();
  for (const client of ["a", "b", "c"]) for (let n = 0; n < 3; n += 1) line.add(client, `${client}${n}`);
  expect(line.size).toBe(9);
  expect(takeFrom(line)).toEqual(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
  expect(line.size).toBe(0);
});

it("lets a client go first that had nothing to do since its last turn, and no other", () => {
  const line = new FairLine<string>();
  for (const client of ["a", "b"]) for (let n = 0; n < 9; n += 1) line.add(client, `${client}${n}`);
  takeFrom(line, 3);
  line.add("seldom", "first");
  expect(takeFrom(line, 2)).toEqual(["first", "b1"]);
  // It has had its turn of this round.
  line.add("seldom", "second");
  expect(takeFrom(line, 3)).toEqual(["a2", "second", "b2"]);
  // It lets a round go by.
  expect(takeFrom(line, 4)).toEqual(["a3", "b3", "a4", "b4"]);
  line.add("seldom", "third");
  expect(takeFrom(line, 2)).toEqual(["third", "a5"]);
});

it("forgets whoever it does not need to know", () => {
  const line = new FairLine<string>();
  for (let n = 0; n < 3; n += 1) {
    line.add("a", "one");
    line.add("b", "two");
    expect(takeFrom(line)).toEqual(["one", "two"]);
  }
});
