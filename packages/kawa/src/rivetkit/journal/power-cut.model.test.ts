import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Flaw, Machine, type Running } from "../../../test/support/power-cut.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { isKawaError } from "../../core/errors/errors.ts";
import { SignalStore } from "../store/signal-store.ts";
import { journaled, type JournalLimits } from "./journaled-handle.ts";

// Machines whose power is cut at any step, again and again, and what the store then says against what it had acknowledged.

const cutCount = modelRuns(1_000);
const cutsOfMachine = 5;
const keyCount = 6;
const limits: JournalLimits = {
  maxEntrySize: 500,
  maxBacklogSize: 900,
  firstBytes: 512,
  releaseBytes: 900,
  maxBytes: 3_000,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Issued = {
  readonly client: string;
  readonly number: number;
  readonly key: string;
  readonly text: string | null;
  isDone: boolean;
};

/** What was asked for, in order, key by key; all of one client goes to one key. */
class Asked {
  readonly #byKey = new Map<string, Issued[]>();
  newestSeq = -1;
  doneCount = 0;

  next(random: () => number): Issued {
    const index = Math.floor(random() * keyCount);
    const list = this.of(`k${index}`);
    const number = list.length + 1;
    const text =
      random() < 0.25 ? null : `["${number}${"x".repeat(Math.floor(random() * (random() < 0.1 ? 600 : 60)))}"]`;
    const issued: Issued = { client: `c${index}`, number, key: `k${index}`, text, isDone: false };
    list.push(issued);
    return issued;
  }

  of(key: string): Issued[] {
    let found = this.#byKey.get(key);
    if (!found) this.#byKey.set(key, (found = []));
    return found;
  }

  /** What is known when a value was seen: a write that was not acknowledged is there or not, and stays so. */
  settle(key: string, text: string | null): void {
    const list = this.of(key);
    list.length =
      Math.max(
        list.findLastIndex((each) => each.text === text),
        list.findLastIndex(({ isDone }) => isDone),
      ) + 1;
  }

  get keys(): readonly string[] {
    return [...this.#byKey.keys()];
  }

  get all(): readonly Issued[] {
    return [...this.#byKey.values()].flat();
  }
}

/** Each value is of the last write that was acknowledged, or of a later one; both keys of a batch are of the same one. */
function check(store: SignalStore, asked: Asked): void {
  if (store.position.seq < asked.newestSeq) throw new Error(`Commit ${asked.newestSeq} is gone.`);
  for (const key of asked.keys) {
    const { text } = store.get(key);
    const list = asked.of(key);
    const done = list.findLastIndex(({ isDone }) => isDone);
    const isPossible =
      list.slice(Math.max(0, done)).some((each) => each.text === text) || (text === null && done === -1);
    if (!isPossible) throw new Error(`${key} is ${text}, not ${list[done]?.text}.`);
    if (store.get(`pair:${key}`).text !== text) throw new Error(`Half of a batch was applied to ${key}.`);
    asked.settle(key, text);
  }
}

async function open({ disk, engine, openHandle }: Running): Promise<SignalStore> {
  const handle = await journaled({
    handle: openHandle(),
    engine,
    disk,
    limits,
    actor: "id",
    name: "reactiveState/global",
    folder: "/journal/actor",
  });
  return SignalStore.open(handle, { maxDeletedKeys: 1 });
}

async function send(store: SignalStore, { client, number, key, text }: Issued): Promise<void> {
  const writes = [
    { key, text },
    { key: `pair:${key}`, text },
  ];
  await store.write({ client, number, settled: number, writes });
}

async function sendOnce(store: SignalStore, issued: Issued, asked: Asked): Promise<void> {
  try {
    await send(store, issued);
    issued.isDone = true;
    asked.doneCount += 1;
    asked.newestSeq = Math.max(asked.newestSeq, store.position.seq);
  } catch (error) {
    if (!isKawaError(error, "BACKEND_UNAVAILABLE")) throw error;
  }
}

/** Writes until the machine stops. */
async function writeUntilStopped(machine: Machine, asked: Asked): Promise<void> {
  const { random } = machine;
  const stopped = new Promise<void>((resolve) => (machine.onStop = resolve));
  machine.stepsLeft = 1 + Math.floor(random() * (random() < 0.3 ? 60 : 250));
  const running = machine.start();
  const work = async (): Promise<void> => {
    let store = await open(running);
    check(store, asked);
    // What was applied is not applied again, whoever asks for it.
    await Promise.all(asked.all.filter(() => random() < 0.3).map((issued) => send(store, issued)));
    check(store, asked);
    for (;;) {
      const issued = Array.from({ length: 1 + Math.floor(random() * 3) }, () => asked.next(random));
      const writes = issued.map((each) => sendOnce(store, each, asked));
      // Another incarnation takes over: what this one has not acknowledged yet is there or not.
      if (random() < 0.03) store = await open(running);
      await Promise.all(writes);
      check(store, asked);
      if (random() < 0.1) await vi.advanceTimersByTimeAsync(40);
      if (random() < 0.02) {
        await store.close();
        store = await open(running);
      }
    }
  };
  await Promise.race([stopped, work()]);
}

/** Gives how many writes were acknowledged. */
async function checkMachine(seed: number, flaw?: Flaw): Promise<number> {
  const machine = new Machine(randomOf(seed), flaw);
  const asked = new Asked();
  for (let cut = 0; cut < cutsOfMachine; cut += 1) {
    await writeUntilStopped(machine, asked);
    if (machine.random() < 0.8) machine.cutPower();
    else machine.kill();
    vi.clearAllTimers();
  }
  check(await open(machine.start()), asked);
  return asked.doneCount;
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("a power cut at any step", () => {
  it(
    "loses nothing that was acknowledged, applies nothing twice, and keeps the order",
    { timeout: modelTimeout(1_000) },
    async () => {
      let doneCount = 0;
      for (let seed = 1; seed <= cutCount / cutsOfMachine; seed += 1) {
        doneCount += await checkMachine(seed).catch((cause) => {
          throw new Error(`The machine with the seed ${seed} has failed: ${cause}`, { cause });
        });
      }
      expect(doneCount).toBeGreaterThan(5 * cutCount);
    },
  );

  it.each<Flaw>(["writes are not flushed", "folders are not flushed", "the engine is not flushed"])(
    "is noticed by this test where %s",
    { timeout: modelTimeout(1_000) },
    async (flaw) => {
      let failed = 0;
      for (let seed = 1; seed <= cutCount / cutsOfMachine && failed === 0; seed += 1)
        await checkMachine(seed, flaw).catch(() => (failed = 1));
      expect(failed).toBe(1);
    },
  );
});
