import { loadAppBackend } from "#load-app-backend";
import { type Backend, globalBackend, globalBackendNow } from "../backend/backend.ts";
import { KawaError } from "../errors/errors.ts";
import { processState } from "../process/process-state.ts";

/** How long a server that is starting may take until it names its backend, in milliseconds. */
const graceMs = 1_000;

type Loader = { load: (() => Promise<unknown>) | undefined };

// Of the copies of this module in a process, only those of server components and route handlers can load the app's module.
const loader = processState<Loader>("app-backend", () => ({ load: undefined }));
loader.load ??= loadAppBackend;

/**
 * The global backend of a Next server. Where nothing has named it, the module that `withKawa` has found is loaded.
 *
 * @throws {KawaError} BACKEND_MISSING - no module of the app names a backend, or `withKawa` is not in next.config
 */
export async function appBackend(): Promise<Backend> {
  const backend = globalBackendNow() ?? (await loader.load?.(), globalBackendNow()) ?? (await nextGlobalBackend());
  if (backend) return backend;
  throw new KawaError(
    "BACKEND_MISSING",
    `The signals of this app have no backend, and nothing is kept in memory instead. Write "export default withKawa(nextConfig)" in ` +
      `next.config, which finds lib/backend or takes the default actor; or import the module that calls initReactiveBackend in ` +
      `instrumentation.ts. Values that may be lost name a memory backend: namespace("x", { backend: createMemoryBackend("x") }).`,
  );
}

function nextGlobalBackend(): Promise<Backend | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (globalBackendNow() || Date.now() >= endsAt) resolve(globalBackend.peek());
      else setTimeout(look, 10);
    };
    const endsAt = Date.now() + graceMs;
    look();
  });
}
