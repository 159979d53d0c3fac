import { namespace } from "../../packages/kawa/src/index.ts";
import { initReactiveBackend, reactiveRegistry } from "../../packages/kawa/src/rivetkit/index.ts";

// A Cloudflare Worker with one Durable Object, which reads and writes signals of actors that other servers host.

// RivetKit's client gives it an address that begins with http://, which this runtime refuses.
const OwnSocket = globalThis.WebSocket;
globalThis.WebSocket = class extends OwnSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(String(url).replace(/^http/, "ws"), protocols);
  }
};

const counter = namespace("app").signal("counter", 0);

type Stub = { fetch(request: Request): Promise<Response> };
type Env = { readonly SIGNALS: { idFromName(name: string): unknown; get(id: unknown): Stub } };

/** A socket belongs to the request that opened it, and in a Durable Object to all of its requests. */
export class SignalsObject {
  async fetch({ method }: Request): Promise<Response> {
    initReactiveBackend({ registry: reactiveRegistry, hosting: "none" });
    return Response.json(method === "POST" ? await counter.update((count) => count + 1) : await counter.get());
  }
}

export default {
  fetch: (request: Request, { SIGNALS }: Env): Promise<Response> =>
    SIGNALS.get(SIGNALS.idFromName("one")).fetch(request),
};
