import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../../core/backend/backend.ts";
import { createMemoryBackend } from "../../../core/memory/memory-backend.ts";
import { RevokedSessions, revokedSessions } from "../../../rivetkit/identity/revoked-sessions.ts";
import { quotas } from "../../limits/quota.ts";
import { addPush, endPush, pushCount } from "./open-pushes.ts";
import type { PushEnd } from "../../protocol/push-protocol.ts";

let backend: Backend;

beforeEach(() => {
  vi.useFakeTimers();
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.revoked-sessions"));
  registerBackend((backend = createMemoryBackend("pushes")), { global: true });
  revokedSessions();
});

afterEach(() => {
  unregisterBackend(backend);
  vi.useRealTimers();
});

/** The call of a tab, and why it has ended. */
function open(tab: string, session: string | undefined): { readonly ends: PushEnd[] } {
  const ends: PushEnd[] = [];
  let remove = (): void => {};
  const push = {
    end(reason: PushEnd) {
      ends.push(reason);
      remove();
    },
  };
  remove = addPush({ tab, client: { session, address: "198.51.100.1" }, fragmentCount: 3 }, push);
  return { ends };
}

it("ends the calls of a session that has ended, on every server, and no other", async () => {
  const [one, two, other, nobody] = [open("1", "ada"), open("2", "ada"), open("3", "bob"), open("4", undefined)];
  await new RevokedSessions().revoke("ada", Date.now() + 1_000);
  vi.advanceTimersByTime(300);
  expect([one, two, other, nobody].map(({ ends }) => ends)).toEqual([["renew"], ["renew"], [], []]);
  endPush("3");
  endPush("4");
  expect(pushCount()).toBe(0);
  expect(quotas().fragments.total).toBe(0);
  expect(quotas().pushes.total).toBe(0);
});

it("gives back what was counted for a call that another one of its tab has ended", () => {
  const before = open("1", "ada");
  open("1", "ada");
  expect([before.ends, quotas().pushes.total, quotas().fragments.total]).toEqual([["replaced"], 1, 3]);
  endPush("1");
  expect([quotas().pushes.total, quotas().fragments.total]).toEqual([0, 0]);
});
