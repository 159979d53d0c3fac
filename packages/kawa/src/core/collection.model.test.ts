import fc from "fast-check";
import { expect, it } from "vitest";
import { modelRuns, modelTimeout } from "../../test/support/model-runs.ts";
import { collectionSteps, PlainRows, plainQueries, queriesOf } from "../../test/support/collection-model.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";

let count = 0;

it(
  "a query shows after each change what filtering and sorting an array shows",
  async () => {
    await fc.assert(
      fc.asyncProperty(collectionSteps, plainQueries, async (steps, asked) => {
        const backend = createMemoryBackend(`collection-model-${(count += 1)}`);
        const { rows, queries } = queriesOf(backend, asked);
        const plain = new PlainRows();
        for (const step of steps) {
          await step.apply(rows);
          step.apply(plain);
          for (const { query, options } of queries)
            expect(query.value.map(({ id }) => id)).toEqual(plain.query(options).map(({ id }) => id));
          for (const { counted, options } of queries) expect(counted.value).toBe(plain.count(options));
        }
      }),
      { numRuns: modelRuns(200) },
    );
  },
  modelTimeout(200),
);
