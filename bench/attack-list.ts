import type { Attack } from "./attack.ts";
import { connectionAttacks } from "./attacks-with-connections.ts";
import { requestAttacks } from "./attacks-with-requests.ts";
import { valueAttacks } from "./attacks-with-values.ts";

/** Not of a stranger: a route handler of the app itself does one thing again and again. */
function flood(of: string): Attack {
  return {
    name: `a flood: ${of}`,
    async run(attacker) {
      const answer = await attacker.send({ path: `/api/flood?of=${encodeURIComponent(of)}` });
      attacker.count("operations", Number(answer?.text ?? 0));
    },
  };
}

export const attackList: readonly Attack[] = [
  ...valueAttacks,
  ...connectionAttacks,
  ...requestAttacks,
  ...[
    "set",
    "set with hooks",
    "update",
    "set and delete",
    "set of a family",
    "64 sets at once",
    "get",
    "set in memory",
    "an effect that writes what it reads",
  ].map(flood),
];
