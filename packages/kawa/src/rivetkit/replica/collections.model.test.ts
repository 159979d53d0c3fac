import fc from "fast-check";
import { beforeEach, expect, it, vi } from "vitest";
import { collectionSteps, PlainRows, plainQueries, queriesOf } from "../../../test/support/collection-model.ts";
import { fakeClient } from "../../../test/support/fake-actor.ts";
import { FakeShards } from "../../../test/support/fake-shards.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actors: FakeShards;

vi.mock("rivetkit/client", () => fakeClient((key) => actors.of(key)));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 1 });

/** What happens after a step. */
const events = ["nothing", "nothing", "nothing", "connections are lost", "the actor is moved", "snapshot"] as const;

it.each([1, 4])(
  "whatever is lost or moved, two servers of a backend with shards (%d) show after each write what filtering and sorting an array gives",
  { timeout: modelTimeout(400) },
  async (shards) => {
    for (const method of ["error", "warn"] as const) vi.spyOn(console, method).mockImplementation(() => {});
    await fc.assert(
      fc.asyncProperty(
        collectionSteps,
        plainQueries,
        fc.array(fc.constantFrom(...events), { maxLength: 40 }),
        async (steps, asked, planned) => {
          actors = await FakeShards.start(shards);
          const backends = [1, 2].map(() => actors.backend());
          const servers = backends.map((backend) => queriesOf(backend, asked));
          const stops = servers.flatMap(({ queries }) =>
            queries.flatMap(({ query, counted }) => [query.subscribe(() => {}), counted.subscribe(() => {})]),
          );
          const plain = new PlainRows();
          const check = (): void => {
            for (const { queries } of servers)
              for (const { query, counted, options } of queries) {
                expect(query.value).toEqual(plain.query(options));
                expect(counted.value).toBe(plain.count(options));
              }
          };
          for (const [at, step] of steps.entries()) {
            await step.apply(servers[at % 2]!.rows);
            step.apply(plain);
            const event = planned[at];
            if (event === "connections are lost") for (const actor of actors.all) actor.dropConnections();
            if (event === "the actor is moved") for (const actor of actors.all) await actor.restart();
            if (event === "snapshot") (await backends[0]!.snapshotFor()).release();
            await waitFor(check);
          }
          for (const stop of stops) stop();
          await Promise.all(backends.map((backend) => backend.close()));
          await actors.close();
        },
      ),
      // Each try to shorten a failure would wait as long as the failure itself.
      { numRuns: modelRuns(40), endOnFailure: true },
    );
  },
);
