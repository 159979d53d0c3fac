import { expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { keepAlive } from "./keep-alive.ts";

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

it("keeps the process until the work settles, one way or the other", async () => {
  const before = timers();
  const works = [Promise.withResolvers<number>(), Promise.withResolvers<number>()] as const;
  const kept = [keepAlive(works[0].promise), caught(() => keepAlive(works[1].promise))];
  expect(timers()).toBe(before + 2);
  works[0].resolve(1);
  works[1].reject(new Error("broken"));
  expect(await Promise.all(kept)).toEqual([1, new Error("broken")]);
  expect(timers()).toBe(before);
});
