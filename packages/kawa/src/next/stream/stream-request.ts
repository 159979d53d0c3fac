import { KawaError, show } from "../../core/errors/errors.ts";
import { maxKeyBytes } from "../../core/backend/key.ts";
import { maxLengthOf } from "../values/read-values.ts";
import { type KnownValue, maxKept, maxWatched } from "../../browser/value-protocol.ts";
import { bodyLimits, streamLimits } from "../limits/limits.ts";
import { type BodyOwner, isRecord, readJson } from "../limits/read-json.ts";
import {
  maxRendersPerTab,
  maxTabs,
  type ShownRender,
  type StaleReport,
  staleWays,
  type StreamRequest,
  type Subscription,
} from "../protocol/stream-protocol.ts";
import { maxTokenLength } from "./stream-token.ts";

const maxNameLength = 64;
const maxPathLength = 2_000;

/**
 * Reads what a browser asks for; it may be anybody's browser.
 *
 * @throws {KawaError} REQUEST_INVALID - it is not what `<LiveUpdates />` sends
 * @throws {KawaError} REQUEST_TIMEOUT, RATE_LIMITED - as `readJson`
 */
export async function readStreamRequest(request: Request, body: BodyOwner): Promise<StreamRequest> {
  const read = await readJson(request, { ...body, maxBytes: bodyLimits.maxStreamBytes, invalid });
  if (!isRecord(read) || !isRecord(read["tabs"])) throw invalid("it has no tabs");
  const tabs = Object.entries(read["tabs"]);
  if (tabs.length > maxTabs) throw invalid(`it has more than ${maxTabs} tabs`);
  for (const [name, subscription] of tabs) {
    if (name.length > maxNameLength || !isSubscription(subscription))
      throw invalid(`its tab ${show(name)} is malformed`);
  }
  const { stale } = read;
  if (stale !== undefined && !isStaleReport(stale)) throw invalid("its report is malformed");
  // Not a plain object: a tab may have any name.
  return { tabs: Object.fromEntries(tabs) as Record<string, Subscription>, stale };
}

function isSubscription(value: unknown): value is Subscription {
  if (!isRecord(value)) return false;
  const { route, page, token, values, kept } = value;
  return (
    Array.isArray(route) &&
    route.length <= maxRendersPerTab &&
    route.every(isShownRender) &&
    (page === undefined || isShownRender(page)) &&
    (token === undefined || isText(token, maxTokenLength)) &&
    (values === undefined || (Array.isArray(values) && values.length <= maxWatched && values.every(isKnownValue))) &&
    (kept === undefined ||
      (Array.isArray(kept) && kept.length <= maxKept && kept.every((key) => isText(key, maxKeyBytes))))
  );
}

function isStaleReport(value: unknown): value is StaleReport {
  return isRecord(value) && isText(value["path"], maxPathLength) && staleWays.some((way) => way === value["way"]);
}

function isShownRender(value: unknown): value is ShownRender {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    isText(value[0], maxNameLength) &&
    isText(value[1], streamLimits.maxVersionsLength)
  );
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.length <= maxLength;
}

function isKnownValue(value: unknown): value is KnownValue {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [key] = value as unknown[];
  return (
    typeof key === "string" &&
    key.length <= maxLengthOf(key) &&
    Number.isSafeInteger(value[1]) &&
    isText(value[2], maxNameLength)
  );
}

function invalid(reason: string): KawaError {
  return new KawaError(
    "REQUEST_INVALID",
    `The request for a stream was refused: ${reason}. Only <LiveUpdates /> opens streams.`,
  );
}
