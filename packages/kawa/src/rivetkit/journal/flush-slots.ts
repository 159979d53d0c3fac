import { processState } from "../../core/process/process-state.ts";

/** Node has four threads for files, compression and names; each waits for the disk while it flushes. */
const maxAtOnce = 2;

/** Lets a limited number of flushes run at once, first come, first served: on a slow disk they must leave threads to visitors. */
export class FlushSlots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

export function flushSlots(): FlushSlots {
  return processState("flush-slots", () => new FlushSlots(maxAtOnce));
}
