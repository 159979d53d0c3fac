import type { BackedSignal } from "../../core/signal.ts";
import type { KnownValue } from "../../browser/value-protocol.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import { costOfKeys } from "./cost-of-keys.ts";
import type { ExposedSignals } from "./exposed-signals.ts";
import { costs, streamLimits } from "../limits/limits.ts";
import { type Quota, quotas } from "../limits/quota.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import type { StreamRequest } from "../protocol/stream-protocol.ts";
import { turns } from "../limits/turns.ts";
import { askedQueries } from "./asked-queries.ts";

/** What a stream carries and keeps of what its tabs ask for, as far as browsers may, and as far as there is room. */
export type AskedSignals = {
  /** Signals whose values the stream carries, each with what the browser knows. */
  readonly values: ReadonlyMap<BackedSignal<unknown>, KnownValue>;
  /** Ephemeral signals that it keeps. */
  readonly kept: ReadonlySet<BackedSignal<unknown>>;
  /** Tabs that do not get all that they ask for. */
  readonly limited: ReadonlySet<string>;
};

/** What a request for a stream costs beside the request itself. */
export function costOf({ tabs }: StreamRequest): number {
  let cost = 0;
  for (const { route, values = [], kept = [] } of Object.values(tabs)) {
    cost += route.length * costs.render + costOfKeys(values.map(([key]) => key)) + kept.length * costs.keptKey;
  }
  return cost;
}

/** Looks up what a request for a stream names, and takes it from the client's quota. */
export async function askedSignals(
  { tabs }: StreamRequest,
  signals: ExposedSignals,
  client: AskingClient,
): Promise<AskedSignals> {
  const values = new Map<BackedSignal<unknown>, KnownValue>();
  const kept = new Set<BackedSignal<unknown>>();
  const limited = new Set<string>();
  const takeValue = limitedTo(quotas().values, client, streamLimits.maxValues);
  const takeKept = limitedTo(quotas().kept, client, streamLimits.maxKept);
  let count = 0;
  const isPieceOver = (): boolean => (count += 1) % streamLimits.findsAtOnce === 0;
  try {
    // In reverse: the tab that has sent the last message is served first.
    for (const [name, tab] of Object.entries(tabs).reverse()) {
      for (const known of tab.values ?? []) {
        if (isPieceOver()) await turns().next(client.address);
        const taken = takeValue(known[0], () => signals.find(known[0], "read"));
        if (taken === "full") limited.add(name);
        else if (taken) values.set(taken, oldest(known, values.get(taken)));
      }
      for (const key of tab.kept ?? []) {
        if (isPieceOver()) await turns().next(client.address);
        const taken = takeKept(key, () => {
          const signal = signals.find(key, "write");
          return signal?.ttlMs === undefined ? undefined : signal;
        });
        if (taken === "full") limited.add(name);
        else if (taken) kept.add(taken);
      }
    }
  } catch (error) {
    giveBackSignals(client, values.size, kept.size);
    throw error;
  }
  if (limited.size > 0 && process.env.NODE_ENV === "development") {
    reportSeldom(
      "left out",
      "A stream leaves out keys that these tabs ask for, because a limit is reached (docs/limits.md):",
      [...limited],
    );
  }
  return { values, kept, limited };
}

function giveBackSignals(client: AskingClient, valueCount: number, keptCount: number): void {
  if (valueCount > 0) quotas().values.giveBack(client, valueCount);
  if (keptCount > 0) quotas().kept.giveBack(client, keptCount);
}

type Find = () => BackedSignal<unknown> | undefined;

/** Looks for no more than `max` different keys, and counts those that were found. */
function limitedTo(
  quota: Quota,
  client: AskingClient,
  max: number,
): (key: string, find: Find) => BackedSignal<unknown> | "full" | undefined {
  const found = new Map<string, BackedSignal<unknown> | undefined>();
  return (key, find) => {
    if (found.has(key)) return found.get(key);
    if (found.size >= max) return "full";
    const signal = find();
    if (signal && !(mayAsk(client, key) && quota.take(client, 1))) return "full";
    found.set(key, signal);
    return signal;
  };
}

function mayAsk(client: AskingClient, key: string): boolean {
  try {
    if (isQueryKey(key)) askedQueries().note(client, key);
    return true;
  } catch {
    return false;
  }
}

/**
 * The older of what two tabs know: a value that is new to one of them has to be sent. Of tabs with different histories, neither counts as
 * knowing anything.
 */
function oldest(known: KnownValue, other: KnownValue = known): KnownValue {
  const [key, seq, epoch] = known;
  return epoch === other[2] ? [key, Math.min(seq, other[1]), epoch] : [key, -1, ""];
}
