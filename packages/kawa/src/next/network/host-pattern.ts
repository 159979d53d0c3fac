import { domainToASCII } from "node:url";
import { KawaError, show } from "../../core/errors/errors.ts";

/** The parts of a `Host` header; undefined where it is malformed. */
export type HostName = { readonly name: string; readonly port: string | undefined };

export function parseHost(host: string): HostName | undefined {
  const [, name, port] = /^(\[[\da-f:.]+\]|[^\s:/?#@\\[\]]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
  if (name === undefined) return undefined;
  // "app.example." is the same host.
  return { name: name.toLowerCase().replace(/\.$/, ""), port };
}

/** A host that an app allows: `app.example`, `*.app.example`, `app.example:8080`, or `*`. */
export class HostPattern {
  readonly #name: string;
  readonly #port: string | undefined;

  private constructor(name: string, port: string | undefined) {
    this.#name = name;
    this.#port = port;
  }

  /** @throws {KawaError} OPTION_INVALID - it is no host */
  static parse(text: string): HostPattern {
    const host = parseHost(text);
    const bare = host?.name.replace(/^\*\./, "") ?? "";
    const ascii = bare.startsWith("[") || bare === "*" ? bare : domainToASCII(bare);
    if (!host || ascii === "" || (ascii !== "*" && ascii.includes("*"))) {
      throw new KawaError(
        "OPTION_INVALID",
        `allowedHosts (KAWA_ALLOWED_HOSTS) has ${show(text)}; write a host such as "app.example", "*.app.example" or "app.example:8080".`,
      );
    }
    return new HostPattern(host.name.startsWith("*.") ? `*.${ascii}` : ascii, host.port);
  }

  matches({ name, port }: HostName): boolean {
    // Browsers leave out the port that the protocol has anyway.
    const isSamePort = this.#port === port || (port === undefined && (this.#port === "80" || this.#port === "443"));
    if (this.#port !== undefined && !isSamePort) return false;
    if (this.#name === "*") return true;
    return this.#name.startsWith("*.")
      ? name.endsWith(this.#name.slice(1)) && name !== this.#name.slice(1)
      : name === this.#name;
  }
}
