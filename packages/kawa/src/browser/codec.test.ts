import { stringify } from "devalue";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ValueRow } from "./value-protocol.ts";
import type { BrowserBackend } from "./browser-backend.ts";

const row = (value: unknown): ValueRow => ["k", stringify(value), 1, "e1"];

let backend: BrowserBackend;
let given: ValueRow[];

/** A page that has loaded the codec once has it for good: each test has a page of its own. */
beforeEach(async () => {
  vi.resetModules();
  const fresh = await import("./browser-backend.ts");
  given = [];
  backend = new fresh.BrowserBackend(
    () => given.splice(0),
    () => {},
  );
});

function valueOf(key: string): unknown {
  const entry = backend.entry(key).peek();
  return entry.state === "present" ? entry.value : entry.state;
}

describe("a value that JSON does not know", () => {
  it("is known once it is decoded, and nothing before", async () => {
    given.push(row({ at: new Date(5) }));
    const loading = backend.load(["k"]);
    expect(valueOf("k")).toBe("unknown");
    await loading;
    expect(valueOf("k")).toEqual({ at: new Date(5) });
  });

  it("is not taken when somebody else looks meanwhile", async () => {
    const loading = backend.receive([row({ at: new Map() })]);
    backend.forget();
    await loading;
    expect(valueOf("k")).toBe("unknown");
  });
});
