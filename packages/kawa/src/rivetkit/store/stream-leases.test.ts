import { beforeEach, describe, expect, it } from "vitest";
import { streamLeaseMs, StreamLeases } from "./stream-leases.ts";

let leases: StreamLeases;

function register(client: string, names: readonly string[], now: number): string[] {
  return leases.register(client, names, now);
}

beforeEach(() => {
  leases = new StreamLeases();
});

describe("the client that produces a stream", () => {
  it("is the one that registered it first", () => {
    expect(register("a", ["price"], 0)).toEqual(["price"]);
    expect(register("b", ["price"], 1)).toEqual([]);
    expect(register("a", ["price"], 2_000)).toEqual(["price"]);
    expect(register("b", ["price"], 2_001)).toEqual([]);
  });

  it("may be another one for each stream", () => {
    expect(register("a", ["price"], 0)).toEqual(["price"]);
    expect(register("b", ["news", "price"], 0)).toEqual(["news"]);
    expect(register("a", ["news", "price", "own"], 0)).toEqual(["price", "own"]);
  });

  it("stays the same while it renews, however late in its lease", () => {
    for (let now = 0; now < 20 * streamLeaseMs; now += streamLeaseMs - 1) {
      expect(register("a", ["price"], now)).toEqual(["price"]);
      expect(register("b", ["price"], now)).toEqual([]);
    }
  });

  it("is followed, when it stops renewing, by the one that has been registered for longest", () => {
    register("a", ["price"], 0);
    register("b", ["price"], 1);
    register("c", ["price"], 2);
    register("b", ["price"], streamLeaseMs - 1);
    expect(register("c", ["price"], streamLeaseMs - 1)).toEqual([]);
    expect(register("c", ["price"], streamLeaseMs)).toEqual([]);
    expect(register("b", ["price"], streamLeaseMs)).toEqual(["price"]);
  });

  it("is told that it is no longer when it renews too late", () => {
    register("a", ["price"], 0);
    register("b", ["price"], streamLeaseMs - 1);
    expect(register("a", ["price"], streamLeaseMs)).toEqual([]);
    expect(register("b", ["price"], streamLeaseMs)).toEqual(["price"]);
    expect(register("a", ["price"], streamLeaseMs + 1)).toEqual([]);
  });

  it("goes on when it renews too late and nobody else is there", () => {
    register("a", ["price"], 0);
    expect(register("a", ["price"], 10 * streamLeaseMs)).toEqual(["price"]);
  });

  it("is followed at once when it unregisters", () => {
    for (const client of ["a", "b", "c"]) register(client, ["price", "news"], 0);
    leases.unregister("a", ["price"]);
    expect(register("b", ["price", "news"], 1)).toEqual(["price"]);
    leases.unregister("a", ["news"]);
    expect(register("c", ["price", "news"], 2)).toEqual([]);
    expect(register("b", ["price", "news"], 2)).toEqual(["price", "news"]);
    expect(register("a", ["price", "news"], 3)).toEqual([]);
  });
});

describe("a stream", () => {
  it("ends when its last client unregisters, and is named once", () => {
    register("a", ["price", "news"], 0);
    register("b", ["price"], 0);
    leases.unregister("a", ["price", "news", "never registered"]);
    expect(leases.expire(1)).toEqual(["news"]);
    leases.unregister("b", ["price"]);
    expect(leases.expire(1)).toEqual(["price"]);
    expect(leases.expire(1)).toEqual([]);
  });

  it("ends when nobody has renewed it for the length of a lease", () => {
    register("a", ["price"], 0);
    register("b", ["price"], 1_000);
    expect(leases.expire(streamLeaseMs + 999)).toEqual([]);
    expect(leases.expire(streamLeaseMs + 1_000)).toEqual(["price"]);
  });

  it("goes on when it is registered again before anybody has noticed its end", () => {
    register("a", ["price"], 0);
    leases.unregister("a", ["price"]);
    expect(register("b", ["price"], 1)).toEqual(["price"]);
    expect(leases.expire(2)).toEqual([]);
  });

  it("that was never registered is not unregistered", () => {
    leases.unregister("a", ["price"]);
    expect(leases.expire(1)).toEqual([]);
  });

  it("may have any name", () => {
    expect(register("__proto__", ["__proto__", "constructor"], 0)).toEqual(["__proto__", "constructor"]);
    expect(leases.expire(streamLeaseMs)).toEqual(["__proto__", "constructor"]);
  });
});
