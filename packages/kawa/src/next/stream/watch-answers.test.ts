import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { findRender } from "../../react/render/foreign-renders.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { watchAnswers } from "./watch-answers.ts";

beforeAll(watchAnswers);

type Answer = { readonly id: string; readonly headers?: Record<string, string>; readonly meanwhile?: () => void };

/** Answers one request, and resolves when the answer has been read. */
async function answer({ id, headers = {}, meanwhile = () => {} }: Answer): Promise<void> {
  const server = createServer((_, response) => {
    response.setHeaders(new Map(Object.entries({ ...headers, "server-timing": `db;dur=3, kawa;desc="${id}"` })));
    response.write("begins");
    meanwhile();
    response.end("ends");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
}

it("a render that has ended, and has read nothing, is known to have read nothing", async () => {
  const id = randomUUID();
  expect(findRender(id)).toBeUndefined();
  await answer({ id });
  await vi.waitFor(() => expect(findRender(id)?.keyCount).toBe(0));
});

it("a render that has read something stays what it is", async () => {
  const render = new RenderReads(randomUUID());
  await answer({ id: render.id, meanwhile: () => knownRenders().add(render) });
  expect(findRender(render.id)).toBe(render);
});

it.each(["x-nextjs-cache", "x-nextjs-prerender", "x-nextjs-postponed"])(
  "of an answer with %s it is not known what it has read",
  async (name) => {
    const [id, later] = [randomUUID(), randomUUID()];
    await answer({ id, headers: { [name]: "1" } });
    await answer({ id: later });
    await vi.waitFor(() => expect(findRender(later)).toBeDefined());
    expect(findRender(id)).toBeUndefined();
  },
);
