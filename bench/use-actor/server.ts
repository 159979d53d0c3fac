import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { actor, setup } from "rivetkit";

/** What a registry for RivetKit's own React client needs: an actor that tells all connections of each change, once it is stored. */
const score = actor({
  state: { score: "0" },
  actions: {
    get: (c) => c.state.score,
    set: async (c, value: string) => {
      c.state.score = value;
      await c.saveState({ immediate: true });
      c.broadcast("score", value);
    },
  },
});

const { ENGINE, ENGINE_TOKEN, PORT, SCRIPT } = process.env as Record<string, string>;
const registry = setup({
  use: { score },
  endpoint: ENGINE!,
  token: ENGINE_TOKEN!,
  envoy: { poolName: "use-actor", version: 1 },
  startEngine: false,
  startServices: false,
  noWelcome: true,
});
await registry.startAndWait();

const script = readFileSync(SCRIPT!);
const page = `<!doctype html><title>useActor</title><div id="root"></div><script type="module" src="/page.js"></script>`;
createServer(({ url }, response) => {
  const isScript = url === "/page.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : page);
}).listen(Number(PORT), "127.0.0.1");
