import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, type TestContext } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";

/** A proxy that reaches nothing, and remembers what it was asked for. */
async function startProxy(context: TestContext): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(502).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  context.onTestFinished(() => void server.close());
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const nothing = {
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  ALL_PROXY: undefined,
  NO_PROXY: undefined,
  NODE_USE_ENV_PROXY: undefined,
};
const lower = { http_proxy: undefined, https_proxy: undefined, all_proxy: undefined, no_proxy: undefined };

const proxies: [string, (url: string) => Record<string, string>][] = [
  [
    "HTTP_PROXY and HTTPS_PROXY, which Node heeds too",
    (url) => ({ HTTP_PROXY: url, HTTPS_PROXY: url, NODE_USE_ENV_PROXY: "1" }),
  ],
  [
    "http_proxy, with others in no_proxy",
    (url) => ({ http_proxy: url, no_proxy: "intranet", NODE_USE_ENV_PROXY: "1" }),
  ],
  ["ALL_PROXY", (url) => ({ ALL_PROXY: url })],
];

for (const [name, environment] of proxies) {
  it(`the engine on this machine is reached past the proxy of ${name}`, async (context) => {
    const proxy = await startProxy(context);
    const dataDir = await makeDataDir(context);
    const env = { ...nothing, ...lower, ...environment(proxy.url) };
    const [one, two] = [startApp({ dataDir, env }), startApp({ dataDir, env })];
    await one.call("set", "value", 1);
    expect(await two.call("get", "value")).toBe(1);
    await two.end();
    await one.end();
    expect(proxy.asked).toEqual([]);
  });
}
