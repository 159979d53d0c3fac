import { processState } from "../../core/process/process-state.ts";
import { type AskingClient, addressOf } from "../network/asking-client.ts";
import { checkHost } from "../network/check-host.ts";
import { isCrossSite, originRefused } from "../network/cross-site.ts";
import { costs } from "./limits.ts";
import { clientRates } from "./client-rates.ts";
import type { Rate } from "./rate-limit.ts";
import type { BodyOwner } from "./read-json.ts";
import { reportSeldom } from "./report-seldom.ts";

/** The verified session that opens a stream. */
export type StreamSession = {
  readonly id: string;
  /** When it ends, in milliseconds since the epoch. The stream ends with it. @default never */
  readonly expiresAt?: number | undefined;
};

export type SessionOf = (
  request: Request,
) => StreamSession | null | undefined | Promise<StreamSession | null | undefined>;

export type AdmissionOptions = {
  readonly session: SessionOf;
  readonly sessionRate: Rate;
  readonly addressRate: Rate;
};

export type Admitted = { readonly client: AskingClient; readonly session: StreamSession | undefined };

/**
 * Decides which requests are answered, and limits each address and each session. Cheap checks come first: for a client over its limit no
 * session is verified and no body is read.
 */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * The address of a request, unless it is of another site, for another host, or one too many.
   *
   * @throws {KawaError} ORIGIN_REFUSED, HOST_REFUSED, RATE_LIMITED
   */
  arrive(request: Request, cost = 1): string {
    checkHost(request);
    if (isCrossSite(request)) {
      const error = originRefused(request);
      reportSeldom(error.code, "A request was refused.", error.message);
      throw error;
    }
    const address = addressOf(request);
    clientRates().addresses.take(address, cost, this.#options.addressRate);
    return address;
  }

  /**
   * Finds the session of a request that has arrived from an address.
   *
   * @throws {KawaError} RATE_LIMITED - its session has sent one too many
   */
  async identify(request: Request, address: string, cost = 1): Promise<Admitted> {
    const session = (await this.#options.session(request)) ?? undefined;
    if (session) clientRates().sessions.take(session.id, cost, this.#options.sessionRate);
    return { client: { session: session?.id, address }, session };
  }

  /** Who pays for reading the body of a request that has arrived from an address. */
  bodyOwner(address: string): BodyOwner {
    const client = { session: undefined, address };
    return { client, charge: (bytes) => this.charge(client, bytes * costs.byte) };
  }

  /**
   * Takes what a request costs beyond what was known when it arrived.
   *
   * @throws {KawaError} RATE_LIMITED
   */
  charge({ session, address }: AskingClient, cost: number): void {
    clientRates().addresses.take(address, cost, this.#options.addressRate);
    if (session !== undefined) clientRates().sessions.take(session, cost, this.#options.sessionRate);
  }
}

/** The route's admission, for the server action that pushes fragments. */
export const routeAdmission: { admission: Admission | undefined } = processState("route-admission", () => ({
  admission: undefined,
}));
