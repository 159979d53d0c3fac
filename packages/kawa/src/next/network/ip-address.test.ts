import { describe, expect, it } from "vitest";
import { countedAddress, isLoopback } from "./ip-address.ts";

describe("countedAddress", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    [" 192.0.2.1 ", "192.0.2.1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:0201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
  ])("counts %j as %s", (text, counted) => {
    expect(countedAddress(text)).toBe(counted);
  });

  it("gives all addresses of one network the same name, however they are written", () => {
    const names = ["2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0::a:0:1"].map(countedAddress);
    expect(new Set(names).size).toBe(1);
  });

  it.each([
    undefined,
    "",
    "unknown",
    "_hidden",
    "1.2.3",
    "1.2.3.4.5",
    "app.example",
    "2001:db8:::1",
    "[::1",
    "::1]:80",
    "1.2.3.4, 5.6.7.8",
  ])("knows that %j is no address", (text) => {
    expect(countedAddress(text)).toBeUndefined();
  });
});

describe("isLoopback", () => {
  it.each(["127.0.0.1", "127.8.9.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])("is true for %s", (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(["10.0.0.1", "128.0.0.1", "::", "::2", "::ffff:10.0.0.1", "2001:db8::1", "localhost", ""])(
    "is false for %j",
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});
