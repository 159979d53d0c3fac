import type { Browser } from "@playwright/test";
import { knownSequences } from "./fuzz/known-sequences.ts";
import { pushedAddresses } from "./fuzz/pushed-addresses.ts";
import { seededRandom } from "./fuzz/random.ts";
import { restoredSlots } from "./fuzz/restored-slots.ts";
import { describe, drawSequence, parseStep, playSequence, shorten } from "./fuzz/sequence.ts";
import type { Step } from "./fuzz/steps.ts";
import { test } from "./fixtures.ts";
import type { Server } from "./support/server.ts";

// `npm test` plays the same each time; `npm run test:fuzz` sets other defaults.
const { KAWA_FUZZ_RUNS = "2", KAWA_FUZZ_STEPS = "20", KAWA_FUZZ_SEED = "1", KAWA_FUZZ_WITHOUT } = process.env;
const without = KAWA_FUZZ_WITHOUT?.split(",") ?? [];
/** How long a shorter sequence is looked for when one fails. */
const shortenMs = Number(process.env.KAWA_FUZZ_SHORTEN_MS ?? 120_000);

// The pages are gone when it would be taken.
test.use({ screenshot: "off" });

for (const [name, lines] of Object.entries({ ...knownSequences, ...restoredSlots, ...pushedAddresses })) {
  test(name, async ({ browser, labServer }) => {
    const failure = await playSequence(browser, labServer, lines.map(parseStep));
    if (failure !== undefined) throw new Error(failure);
  });
}

for (let run = 0; run < Number(KAWA_FUZZ_RUNS); run += 1) {
  test(`whatever happens, a screen that says live is right (${run + 1})`, async ({ browser, labServer }) => {
    test.setTimeout(120_000 + 2 * shortenMs);
    const seed = Number(KAWA_FUZZ_SEED) + run;
    const steps = drawSequence({ random: seededRandom(seed), stepCount: Number(KAWA_FUZZ_STEPS), without });
    const failure = await playSequence(browser, labServer, steps);
    if (failure !== undefined) throw new Error(await explain(browser, labServer, { seed, steps, failure }));
  });
}

type Failure = { seed: number; steps: readonly Step[]; failure: string };

async function explain(browser: Browser, server: Server, { seed, steps, failure }: Failure): Promise<string> {
  let shortestFailure = "It did not fail again.";
  const shortest = await shorten(
    steps,
    async (fewer) => {
      const found = await playSequence(browser, server, fewer);
      if (found !== undefined) shortestFailure = found;
      return found !== undefined;
    },
    shortenMs,
  );
  const list = (lines: readonly Step[]): string => lines.map((step) => `  ${describe(step)}\n`).join("");
  return `${failure}\n${list(steps)}\nThe shortest that was found:\n${list(shortest)}${shortestFailure}\n\nAgain: KAWA_FUZZ_SEED=${seed} KAWA_FUZZ_RUNS=1`;
}
