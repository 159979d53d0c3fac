import type { AnyActorDefinition, RegistryConfigInput } from "rivetkit";
import type { NamedEngine } from "./engine-target.ts";

type Settings = RegistryConfigInput<Record<string, AnyActorDefinition>>;

// Where actors are hosted and how that starts and ends is the host's business.
const adopted = ["headers", "logging", "maxIncomingMessageSize", "maxOutgoingMessageSize", "sqlite"] as const;

/** What the one runner of this process takes over from a registry that the app has set up. */
export function adoptedSettings(settings: Settings): Partial<Settings> {
  return Object.fromEntries(
    adopted.filter((name) => settings[name] !== undefined).map((name) => [name, settings[name]]),
  );
}

/** The engine that a registry names, with namespace and token in the user part of the address, and its pool. */
export function namedEngine({ endpoint, namespace, token, ...settings }: Settings): NamedEngine | undefined {
  const pool = settings.configurePool?.name ?? settings.envoy?.poolName;
  if (!endpoint || !URL.canParse(endpoint)) return endpoint ? { address: endpoint, pool } : undefined;
  const url = new URL(endpoint);
  if (namespace) url.username = namespace;
  if (token) {
    // An address cannot have a token alone.
    url.username ||= "default";
    url.password = token;
  }
  return { address: url.href.replace(/\/$/, ""), pool };
}
