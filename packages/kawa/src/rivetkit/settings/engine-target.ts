import { KawaError } from "../../core/errors/errors.ts";
import { env } from "./env.ts";

const defaultName = "default";

/** Where the actors of this app are reached. */
export type EngineTarget = {
  /** Address of the engine, without namespace and token. */
  readonly endpoint: string;
  readonly namespace: string;
  readonly token: string | undefined;
  /** Name under which the engine knows who hosts the actors. */
  readonly pool: string;
};

/** The options of RivetKit's clients that name an engine. */
export type ClientAccess = {
  readonly endpoint: string;
  readonly namespace: string;
  readonly token?: string;
  readonly poolName: string;
  /** Otherwise the client would ask the engine for the address that it has already. */
  readonly disableMetadataLookup: true;
};

export function clientAccess({ endpoint, namespace, token, pool }: EngineTarget): ClientAccess {
  const given = token === undefined ? {} : { token };
  return { endpoint, namespace, ...given, poolName: pool, disableMetadataLookup: true };
}

/** What an app says of an engine that runs elsewhere. */
export type NamedEngine = {
  /** Its address, which may have the namespace and the token in its user part. */
  readonly address: string;
  readonly pool?: string | undefined;
};

/** @throws {KawaError} OPTION_INVALID - the address is none */
export function remoteTarget({ address, pool = env.pool ?? defaultName }: NamedEngine): EngineTarget {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const problem = url ? problemOf(url) : "is no address";
  if (!url || problem !== undefined) {
    throw new KawaError(
      "OPTION_INVALID",
      `RIVET_ENDPOINT, or the endpoint of setup(), ${problem}. It is the address of a Rivet Engine, such as http://engine.internal:6420.`,
    );
  }
  const namespace = decoded(url.username) || env.namespace || defaultName;
  const token = decoded(url.password) || env.token;
  url.username = url.password = "";
  return { endpoint: url.href.replace(/\/$/, ""), namespace, token, pool };
}

/** As it is where it is not encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function problemOf({ protocol, search, hash, username, password }: URL): string | undefined {
  if (protocol !== "http:" && protocol !== "https:") return "does not begin with http:// or https://";
  if (search || hash) return "has something after its path";
  if (username && env.namespace) return "names a namespace, and so does RIVET_NAMESPACE";
  if (password && env.token) return "has a token, and so has RIVET_TOKEN";
  return undefined;
}

export function embeddedTarget(engine: Pick<EngineTarget, "endpoint" | "namespace" | "token">): EngineTarget {
  return { ...engine, pool: env.pool ?? defaultName };
}
