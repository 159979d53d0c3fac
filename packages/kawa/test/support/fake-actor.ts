import { actorAudience } from "../../src/rivetkit/wire/actor-audience.ts";
import { ActorService } from "../../src/rivetkit/actor/actor-service.ts";
import type { HookContext, ReactiveStateActorHooks } from "../../src/rivetkit/hooks/hooks.ts";
import { serveReplica } from "../../src/rivetkit/actor/serve-replica.ts";
import { shardsOf } from "../../src/rivetkit/sharding/shard-name.ts";
import type { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import { createSocketPair, type TestSocket } from "./sockets.ts";
import { openTestStore, TestDatabase } from "./sqlite.ts";

/** A reactive state actor without an engine: the real store and protocol over sockets and a database in memory. */
export class FakeActor {
  db: TestDatabase = new TestDatabase();
  store!: SignalStore;
  service!: ActorService;
  readonly context: HookContext;
  /** May be changed at any time, as an edit in development does. */
  hooks: ReactiveStateActorHooks;
  /** The server's end of every socket that was opened, oldest first. */
  readonly sockets: TestSocket[] = [];
  /** When set, no socket can be opened. */
  refusal: Error | undefined;

  constructor(hooks: ReactiveStateActorHooks = {}, key = "global") {
    this.hooks = hooks;
    this.context = { actorId: "fake", name: "reactiveState", key: [key] } as unknown as HookContext;
  }

  async start(): Promise<void> {
    this.store = await openTestStore(this.db, { shards: shardsOf(this.context.key[0]) });
    const settings = () => ({ hooks: this.hooks, maxValueBytes: 256 * 1024 });
    this.service = new ActorService({ store: this.store, settings, context: this.context });
  }

  /** Opens the end that a backend uses, as the actor of this key. */
  open = (key: readonly string[] = ["global"]): TestSocket => {
    if (this.refusal) throw this.refusal;
    const [client, server] = createSocketPair();
    this.sockets.push(server);
    serveReplica(this.service, server, actorAudience("reactiveState", key));
    return client;
  };

  /** Drops all connections, as a lost network does. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.close(1006);
  }

  /** Goes on as another incarnation with the same database. */
  async restart(): Promise<void> {
    await this.service.close();
    await this.start();
  }
}

/** What `vi.mock("rivetkit/client")` gives instead of RivetKit's client. */
export function fakeClient(actor: (key: string) => FakeActor): { createClient: () => object } {
  return {
    createClient: () => ({
      reactiveState: { getOrCreate: (key: string[]) => ({ webSocket: async () => actor(key[0]!).open(key) }) },
    }),
  };
}
