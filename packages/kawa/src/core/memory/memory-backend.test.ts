import { describe, expect, it } from "vitest";
import { describeBackendContract } from "../../../test/contract/backend-contract.ts";
import { describeCollections } from "../../../test/contract/collections.ts";
import { type Change, knownBackends } from "../backend/backend.ts";
import { streamKey } from "../backend/key.ts";
import { createMemoryBackend, localBackend, memoryBackend } from "./memory-backend.ts";

describeBackendContract("createMemoryBackend", () => createMemoryBackend("contract"));
describeCollections("createMemoryBackend", () => createMemoryBackend("contract"));

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

describe("deleting in a memory backend", () => {
  it("advances by one for all keys together, and not at all for keys without a value", async () => {
    const backend = createMemoryBackend("a");
    for (const key of ["x", "y", "z"]) await backend.set(key, 1);
    await backend.clear("");
    expect(backend.version.seq).toBe(4);
    await backend.delete("x");
    await backend.clear("");
    expect(backend.version.seq).toBe(4);
    expect(["x", "y", "z"].map((key) => backend.entry(key).peek())).toEqual(
      Array.from({ length: 3 }, () => ({ state: "absent", seq: 4 })),
    );
  });

  it("unregisters streams as one change", async () => {
    const backend = createMemoryBackend("a");
    await backend.set(streamKey("s"), 1);
    await backend.set(streamKey("t"), 1);
    const changes: Change[] = [];
    backend.onChange((change) => changes.push(change));
    await backend.streams.unregister(["s", "t", "never"]);
    expect(changes.map(({ keys }) => keys)).toEqual([[streamKey("s"), streamKey("t")]]);
  });
});

describe("localBackend", () => {
  it("is one for the process, registered, and another than that of signals with a key", () => {
    expect(localBackend()).toBe(localBackend());
    expect(localBackend()).not.toBe(memoryBackend());
    expect(knownBackends().get("local")).toBe(localBackend());
  });
});

describe("memoryBackend", () => {
  it("is one for the process, and registered but not global", () => {
    expect(memoryBackend()).toBe(memoryBackend());
    expect(knownBackends().get("memory")).toBe(memoryBackend());
  });
});
