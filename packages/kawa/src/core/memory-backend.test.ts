import { describe, expect, it } from "vitest";
import { describeBackendContract } from "../../test/contract/backend-contract.ts";
import { knownBackends } from "./backend.ts";
import { createMemoryBackend, memoryBackend } from "./memory-backend.ts";

describeBackendContract("createMemoryBackend", () => createMemoryBackend("contract"));

describe("createMemoryBackend", () => {
  it("advances by one with every write", async () => {
    const backend = createMemoryBackend("a");
    await backend.set("x", 1);
    await backend.set("y", 1);
    expect(backend.version.seq).toBe(2);
    expect(backend.entry("x").peek().seq).toBe(1);
    expect(backend.entry("y").peek().seq).toBe(2);
  });

  it("has another history than any other backend, even of the same id", () => {
    expect(createMemoryBackend("same").version.epoch).not.toBe(createMemoryBackend("same").version.epoch);
  });

  it("knows every key without loading", () => {
    expect(createMemoryBackend("a").entry("never seen").peek()).toEqual({ state: "absent", seq: 0 });
  });
});

describe("memoryBackend", () => {
  it("is one for the process, and registered but not global", () => {
    expect(memoryBackend()).toBe(memoryBackend());
    expect(knownBackends.peek().get("memory")).toBe(memoryBackend());
  });
});
