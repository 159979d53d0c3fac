import { initReactiveBackend, reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { serveOperations } from "../support/serve-operations.ts";
import { counter } from "./quick-start/signals/counter.ts";

const registry = setup({
  endpoint: String(process.env["ENGINE"]),
  namespace: String(process.env["ENGINE_NAMESPACE"]),
  token: String(process.env["ENGINE_TOKEN"]),
  use: { reactiveState: reactiveStateActor },
});
initReactiveBackend({ registry });
registry.start({ defaultServerPort: Number(process.env["PORT"]) });

serveOperations({ get: () => counter.get() });
