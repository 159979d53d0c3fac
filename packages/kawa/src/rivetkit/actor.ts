import { actor } from "rivetkit";
import { db } from "rivetkit/db";
import { hostedStores } from "./hosted-stores.ts";
import { serveReplica, type Socket } from "./serve-replica.ts";
import { migrateSignalStore, SignalStore } from "./signal-store.ts";

type Vars = { store: SignalStore | undefined };

function closeStore(vars: Vars): void {
  if (!vars.store) return;
  hostedStores.delete(vars.store.instance);
  vars.store.close();
  vars.store = undefined;
}

/**
 * The actor that keeps signals, for your own `setup({ use: { reactiveState: reactiveStateActor } })`. It talks only to
 * servers of this app, through `initReactiveBackend`; it has no actions, and hangs up on everyone else.
 */
export const reactiveStateActor = actor({
  options: { name: "reactiveState", sleepTimeout: 60_000 },
  db: db({ onMigrate: migrateSignalStore }),
  createVars: (): Vars => ({ store: undefined }),
  onWake: async (c) => {
    const store = await SignalStore.open(c.db);
    c.vars.store = store;
    hostedStores.set(store.instance, store);
  },
  onSleep: (c) => closeStore(c.vars),
  onDestroy: (c) => closeStore(c.vars),
  onWebSocket: (c, socket) => {
    if (c.vars.store) serveReplica(c.vars.store, socket as unknown as Socket);
    else socket.close(1001, "actor sleeps");
  },
  actions: {},
});
