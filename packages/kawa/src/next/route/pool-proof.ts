import { createHmac, timingSafeEqual } from "node:crypto";
import { env } from "../../rivetkit/settings/env.ts";
import type { AnyRegistry } from "../../rivetkit/host/host.ts";

const header = "x-kawa-engine";

/**
 * What proves on a serverless platform that it is the engine of this app that starts actors: a header that only the engine is told, with
 * the configuration of its pool. An app that configures the pool elsewhere, not in `setup({ configurePool })`, has no such proof.
 */
export class PoolProof {
  readonly #registry: AnyRegistry;
  readonly #expected: string | undefined;
  #telling: Promise<unknown> | undefined;

  constructor(registry: AnyRegistry) {
    this.#registry = registry;
    const { config } = registry;
    if (!env.isServerless || !env.secret || !config.configurePool) return;
    this.#expected = createHmac("sha256", env.secret).update("kawa:start-actors").digest("base64url");
    config.configurePool = {
      ...config.configurePool,
      headers: { ...config.configurePool.headers, [header]: this.#expected },
    };
  }

  isIn(request: Request): boolean {
    if (this.#expected === undefined) return true;
    const [given, expected] = [Buffer.from(request.headers.get(header) ?? ""), Buffer.from(this.#expected)];
    return given.length === expected.length && timingSafeEqual(given, expected);
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
