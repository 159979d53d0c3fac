import { querySpec } from "../../core/collections/query-key.ts";
import { costs } from "../limits/limits.ts";

/** What a request costs more for the keys that it names. A query costs what the rows would cost that it may find. */
export function costOfKeys(keys: readonly string[]): number {
  return keys.reduce((cost, key) => {
    const spec = querySpec(key);
    if (spec?.kind === "count") return cost + costs.count;
    return cost + (spec ? costs.query + spec.limit * costs.key : costs.key);
  }, 0);
}
