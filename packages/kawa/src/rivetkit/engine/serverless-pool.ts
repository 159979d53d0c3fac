import type { AnyActorDefinition, RegistryConfigInput } from "rivetkit";
import { KawaError } from "../../core/errors/errors.ts";
import type { WantedPool } from "./remote-engine.ts";
import { sign, verify } from "../secret/sign.ts";
import type { EngineTarget } from "../settings/engine-target.ts";
import { env } from "../settings/env.ts";

/** What an app says in `setup()` about the pool of a serverless platform. */
export type PoolSettings = NonNullable<RegistryConfigInput<Record<string, AnyActorDefinition>>["configurePool"]>;

const proofHeader = "x-kawa-engine";
const claims = { purpose: "engine", audience: "start actors", expiresAt: Number.POSITIVE_INFINITY } as const;

const mountedAt = "/api/rivet";
/** In seconds: requests of Vercel last up to 300 without further settings. */
const defaultLifespan = 270;
/** An engine takes none that is longer than its `ACTOR_STOP_THRESHOLD`. */
const defaultGrace = 3;
const metadataPollMs = 1_000;

/**
 * True for a request of the engine of this app: it brings a header that only the engine is told, with the configuration of its pool. The
 * header is signed with all secrets of the app, so it holds while one is replaced.
 */
export function isFromEngine({ headers }: { readonly headers: Headers }): boolean {
  return verify(claims, headers.get(proofHeader)).state === "valid";
}

/**
 * How the engine is to call this app.
 *
 * @throws {KawaError} OPTION_INVALID - nothing says where this app is
 */
export function serverlessPool(settings: PoolSettings | undefined, { token }: EngineTarget): WantedPool {
  const url = settings?.url ?? ownUrl();
  const lifespan = settings?.requestLifespan ?? defaultLifespan;
  const headers = { ...(token === undefined ? {} : { "x-rivet-token": token }), ...settings?.headers };
  const config = {
    serverless: {
      url,
      headers: { ...headers, [proofHeader]: sign(claims, "") },
      request_lifespan: lifespan,
      drain_grace_period: settings?.drainGracePeriod ?? defaultGrace,
      metadata_poll_interval: settings?.metadataPollInterval ?? metadataPollMs,
      max_runners: 100_000,
      min_runners: 0,
      runners_margin: 0,
      slots_per_runner: 1,
    },
    metadata: settings?.metadata ?? {},
    drain_on_version_upgrade: settings?.drainOnVersionUpgrade ?? true,
  };
  return {
    hosting: "serverless",
    config,
    isTold: (told) =>
      told.url === url &&
      told["request_lifespan"] === lifespan &&
      Object.entries(headers).every(([name, value]) => told.headers[name] === value) &&
      verify(claims, told.headers[proofHeader]).state === "valid",
  };
}

function ownUrl(): string {
  const { url } = env;
  if (url !== undefined && URL.canParse(url)) return new URL(url).href.replace(/\/$/, "") + mountedAt;
  throw new KawaError(
    "OPTION_INVALID",
    `The engine starts the actors of this app by a request (hosting "serverless"), and has to know where. Set KAWA_URL to the address ` +
      `of this app, such as https://app.example, or configurePool.url in setup().`,
  );
}
