import { KawaError, show } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { HostPattern } from "./host-pattern.ts";

/** How visitors reach this server. */
export type NetworkOptions = {
  /**
   * Number of proxies between the internet and this server, one behind the other, that each add the address of who asks them to
   * `X-Forwarded-For` and set `X-Forwarded-Host`. Those headers count only then. Clients are told apart by the address that the
   * outermost of these proxies saw.
   *
   * @default `KAWA_TRUSTED_PROXIES`, else 0: clients are told apart by the address of their connection
   */
  trustedProxies?: number;
  /**
   * Host names of this app, such as `"app.example"`, `"*.app.example"` or `"app.example:8080"`; `"*"` allows every name. Requests
   * that ask for another name are refused. `localhost` and IP addresses are always allowed.
   *
   * @default `KAWA_ALLOWED_HOSTS`, separated by commas, else none: see docs/errors/HOST_REFUSED.md for what is then allowed
   */
  allowedHosts?: readonly string[];
};

export type NetworkSettings = {
  readonly trustedProxies: number;
  /** Undefined where the app names none. */
  readonly allowedHosts: readonly HostPattern[] | undefined;
  /** On Vercel the platform alone reaches this process, and its headers say who asks. */
  readonly isVercel: boolean;
  readonly isDevelopment: boolean;
};

const maxProxies = 16;

const network = processState<{ settings: NetworkSettings | undefined }>("network", () => ({ settings: undefined }));

/** Read once: from the options of `startKawa`, else from the environment. */
export function networkSettings(): NetworkSettings {
  return (network.settings ??= readSettings({}));
}

/** @throws {KawaError} OPTION_INVALID - `trustedProxies` is no number of proxies, or a host is no host name */
export function configureNetwork(options: NetworkOptions): void {
  network.settings = readSettings(options);
}

function readSettings(options: NetworkOptions): NetworkSettings {
  const { KAWA_TRUSTED_PROXIES, KAWA_ALLOWED_HOSTS, VERCEL, NODE_ENV } = process.env;
  const isVercel = VERCEL === "1";
  const trustedProxies = options.trustedProxies ?? Number(KAWA_TRUSTED_PROXIES || 0);
  if (!(Number.isInteger(trustedProxies) && trustedProxies >= 0 && trustedProxies <= maxProxies)) {
    const given = show(options.trustedProxies ?? KAWA_TRUSTED_PROXIES);
    throw new KawaError(
      "OPTION_INVALID",
      `trustedProxies (KAWA_TRUSTED_PROXIES) is ${given}; it is the number of proxies in front of this server, from 0 to ${maxProxies}.`,
    );
  }
  const named = (options.allowedHosts ?? KAWA_ALLOWED_HOSTS?.split(",") ?? [])
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return {
    trustedProxies,
    allowedHosts:
      named.length === 0 ? undefined : [...named, ...(isVercel ? vercelHosts() : [])].map(HostPattern.parse),
    isVercel,
    isDevelopment: NODE_ENV === "development",
  };
}

/** The hosts under which Vercel deploys. */
function vercelHosts(): string[] {
  const { VERCEL_URL, VERCEL_BRANCH_URL, VERCEL_PROJECT_PRODUCTION_URL } = process.env;
  return [VERCEL_URL, VERCEL_BRANCH_URL, VERCEL_PROJECT_PRODUCTION_URL].filter(
    (host) => host !== undefined && host !== "",
  ) as string[];
}
