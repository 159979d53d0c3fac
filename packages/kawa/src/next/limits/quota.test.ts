import { describe, expect, it } from "vitest";
import { Quota } from "./quota.ts";

const limits = { perSession: 3, perAddress: 5, perProcess: 8 };
const ada = { session: "ada", address: "192.0.2.1" };
const bob = { session: "bob", address: "192.0.2.1" };
const guest = { session: undefined, address: "192.0.2.2" };

describe("Quota", () => {
  it("has room for what its session, its address and the process have room for", () => {
    const quota = new Quota(limits);
    expect([quota.take(ada, 3), quota.take(ada, 1)]).toEqual([true, false]);
    expect([quota.take(bob, 3), quota.take(bob, 2)]).toEqual([false, true]);
    expect([quota.take(guest, 4), quota.take(guest, 3), quota.take(guest, 1)]).toEqual([false, true, false]);
    expect(quota.total).toBe(8);
  });

  it("gets back what was taken, and remembers nobody who holds nothing", () => {
    const quota = new Quota(limits);
    quota.take(ada, 3);
    quota.giveBack(ada, 2);
    expect(quota.of(ada)).toEqual({ session: 1, address: 1 });
    quota.giveBack(ada, 1);
    expect([quota.total, quota.of(ada)]).toEqual([0, { session: 0, address: 0 }]);
  });

  it("takes a session that is called like an address for somebody else", () => {
    const quota = new Quota(limits);
    quota.take({ session: "192.0.2.2", address: "192.0.2.3" }, 3);
    expect(quota.of(guest)).toEqual({ session: 0, address: 0 });
  });
});
