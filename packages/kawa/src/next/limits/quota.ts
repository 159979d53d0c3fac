import { processState } from "../../core/process/process-state.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { answerLimits, bodyLimits, type ClientLimits, pushLimits, streamLimits } from "./limits.ts";

/** How much of one resource is taken: by each session, by each address, and by all. */
export class Quota {
  readonly #limits: ClientLimits;
  readonly #bySession = new Map<string, number>();
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: ClientLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  of({ session, address }: AskingClient): { readonly session: number; readonly address: number } {
    return {
      session: session === undefined ? 0 : (this.#bySession.get(session) ?? 0),
      address: this.#byAddress.get(address) ?? 0,
    };
  }

  /** Takes `amount`, or nothing where there is no room for it. What was taken has to be given back. */
  take(client: AskingClient, amount: number, limits: ClientLimits = this.#limits): boolean {
    if (this.#room(client, limits) < amount) return false;
    this.#add(client, amount);
    return true;
  }

  /** Takes as much of `amount` as there is room for. */
  takeUpTo(client: AskingClient, amount: number): number {
    const taken = Math.max(0, Math.min(amount, this.#room(client, this.#limits)));
    this.#add(client, taken);
    return taken;
  }

  giveBack(client: AskingClient, amount: number): void {
    this.#add(client, -amount);
  }

  #room(client: AskingClient, { perSession, perAddress, perProcess }: ClientLimits): number {
    const { session, address } = this.of(client);
    const ofSession = client.session === undefined ? Number.POSITIVE_INFINITY : perSession - session;
    return Math.min(ofSession, perAddress - address, perProcess - this.#total);
  }

  #add({ session, address }: AskingClient, amount: number): void {
    this.#total += amount;
    if (session !== undefined) addTo(this.#bySession, session, amount);
    addTo(this.#byAddress, address, amount);
  }
}

function addTo(counts: Map<string, number>, name: string, amount: number): void {
  const count = (counts.get(name) ?? 0) + amount;
  if (count > 0) counts.set(name, count);
  else counts.delete(name);
}

/** What clients hold of this process at the moment. */
export function quotas(): {
  readonly [name in "bodies" | "answers" | "streams" | "values" | "kept" | "reads" | "pushes" | "fragments"]: Quota;
} {
  return processState("quotas", () => ({
    bodies: new Quota(bodyLimits.reading),
    answers: new Quota(answerLimits.sending),
    // The route takes from it with the limits of its options.
    streams: new Quota(streamLimits.open),
    values: new Quota(streamLimits.values),
    kept: new Quota(streamLimits.kept),
    reads: new Quota(streamLimits.reads),
    pushes: new Quota(pushLimits.open),
    fragments: new Quota(pushLimits.fragments),
  }));
}
