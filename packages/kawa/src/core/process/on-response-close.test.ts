import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { onResponseClose } from "./on-response-close.ts";

function makeResponse(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

function watchWarnings(): unknown[] {
  const warnings: unknown[] = [];
  const note = (warning: Error): void =>
    void (warning.name === "MaxListenersExceededWarning" && warnings.push(warning));
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  return warnings;
}

it("leaves to others the listeners that Node allows", async () => {
  const warnings = watchWarnings();
  const response = makeResponse();
  const gone = vi.fn<() => void>();
  onResponseClose(response, gone);
  for (let count = 0; count < 10; count += 1) response.on("close", () => {});
  onResponseClose(response, gone);
  await turn();
  expect(warnings).toEqual([]);
  response.on("close", () => {});
  await turn();
  expect(warnings).toHaveLength(1);
  response.emit("close");
  response.emit("close");
  expect(gone).toHaveBeenCalledTimes(2);
});

it("sets no limit where there is none", () => {
  const response = makeResponse().setMaxListeners(0);
  onResponseClose(response, () => {});
  expect(response.getMaxListeners()).toBe(0);
});
