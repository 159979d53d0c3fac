import type { AnyRegistry } from "../../rivetkit/host/host.ts";
import { sign, verify } from "../../rivetkit/secret/sign.ts";
import { env } from "../../rivetkit/settings/env.ts";

const header = "x-kawa-engine";
const claims = { purpose: "engine", audience: "start actors", expiresAt: Number.POSITIVE_INFINITY } as const;

/**
 * What proves on a serverless platform that it is the engine of this app that starts actors: a header that only the engine is told, with
 * the configuration of its pool. An app that configures the pool elsewhere, not in `setup({ configurePool })`, has no such proof.
 * It is signed with all secrets of the app, so it holds while one is replaced.
 */
export class PoolProof {
  readonly #registry: AnyRegistry;
  readonly #isNeeded: boolean;
  #telling: Promise<unknown> | undefined;

  constructor(registry: AnyRegistry) {
    this.#registry = registry;
    const { config } = registry;
    const { configurePool: pool } = config;
    this.#isNeeded = env.isServerless && env.secret !== undefined && pool !== undefined;
    if (this.#isNeeded) config.configurePool = { ...pool!, headers: { ...pool!.headers, [header]: sign(claims, "") } };
  }

  isIn(request: Request): boolean {
    return !this.#isNeeded || verify(claims, request.headers.get(header)).state === "valid";
  }

  /** Has RivetKit configure the pool, once: the engine may know an older secret, or none, and tries again. */
  tell(request: Request): Promise<unknown> {
    return (this.#telling ??= this.#configure(new URL("metadata", request.url)).then((isTold) => {
      if (!isTold) this.#telling = undefined;
    }));
  }

  /** False at an address that is not RivetKit's: a stranger who asks without the proof can choose the address. */
  async #configure(url: URL): Promise<boolean> {
    try {
      return (await this.#registry.handler(new Request(url))).ok;
    } catch {
      return false;
    }
  }
}
