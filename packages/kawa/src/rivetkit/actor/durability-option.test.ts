import { expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { createReactiveStateActor, type Durability } from "./actor.ts";
import { redisStorage } from "../storage/redis-storage.ts";

it("takes what is known as durability, and nothing else", async () => {
  for (const durability of ["disk", "process"] as const) createReactiveStateActor({}, { durability });
  for (const durability of ["", "memory", "DISK", null]) {
    const error = await caught(() => createReactiveStateActor({}, { durability: durability as Durability }));
    expect(error).toMatchObject({ code: "OPTION_INVALID" });
    expect(String(error)).toContain(`"disk" or "process"`);
  }
});

it("promises nothing in the name of another storage", async () => {
  const storage = redisStorage({ url: "redis://127.0.0.1:6379" });
  for (const durability of ["disk", "process"] as const) {
    expect(await caught(() => createReactiveStateActor({}, { storage, durability }))).toMatchObject({
      code: "OPTION_INVALID",
    });
  }
});
