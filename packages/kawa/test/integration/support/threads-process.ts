import { fork } from "node:child_process";
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { namespace, type Signal } from "../../../src/index.ts";
import { host } from "../../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { type Reply, serveOperations } from "./serve-operations.ts";

// A process whose main thread and worker threads all use signals, as the test that forked it asks for.

const app = namespace("app");

function signalOf(key: string): Signal<unknown> {
  return app.signal<unknown>(key, null);
}

/** What every thread can do, the main one too. */
const own = {
  async get(key: string): Promise<unknown> {
    return signalOf(key).get();
  },
  async set(key: string, value: unknown): Promise<void> {
    await signalOf(key).set(value);
  },
  async stop(): Promise<void> {
    await host().stop();
  },
};

type Request = { name: keyof typeof own; args: unknown[] };
type Answer = { value: unknown } | { error: string };

const threads = new Map<string, Worker>();

const operations = {
  ...own,
  /** `env`: the environment of the thread. @default a copy of the process's */
  async startThread(name: string, env?: Record<string, string>): Promise<void> {
    const thread = new Worker(new URL(import.meta.url), env ? { env } : {});
    threads.set(name, thread);
    await once(thread, "online");
  },
  async inThread(name: string, request: Request): Promise<unknown> {
    const thread = threads.get(name)!;
    const answered = once(thread, "message");
    thread.postMessage(request);
    const [answer] = (await answered) as [Answer];
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  },
  async endThread(name: string): Promise<void> {
    await threads.get(name)!.terminate();
  },
  /** Has a child process do it that is made for this alone. */
  async inChild(request: Request): Promise<unknown> {
    const child = fork(import.meta.filename, { serialization: "advanced" });
    const answered = once(child, "message");
    child.send({ id: 1, ...request });
    const [{ value, error }] = (await answered) as [Reply];
    child.disconnect();
    await once(child, "exit");
    if (error) throw new Error(error.message);
    return value;
  },
};

export type ThreadOperations = typeof operations;

initReactiveBackend({ registry: reactiveRegistry });

if (isMainThread) {
  serveOperations(operations);
  // RivetKit's native part keeps a process alive after its runner was shut down.
  process.on("disconnect", () => process.exit());
} else {
  parentPort!.on("message", ({ name, args }: Request) => {
    const work = (own[name] as (...all: unknown[]) => Promise<unknown>)(...args);
    work.then(
      (value) => parentPort!.postMessage({ value } satisfies Answer),
      (error: unknown) => parentPort!.postMessage({ error: String(error) } satisfies Answer),
    );
  });
}
