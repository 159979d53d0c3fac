type Task = { run(): Promise<void>; reject(error: unknown): void };

const maxTasksAtOnce = 16;

/** Work that is done while no commit is on the way: it finds the storage as the store shows it. */
export class StoreTasks {
  readonly #tasks: Task[] = [];
  readonly #onDue: () => void;

  /** @param onDue called when there is work: {@link run} has to be called when no commit is on the way */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  get areDue(): boolean {
    return this.#tasks.length > 0;
  }

  add<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onDue();
      this.#tasks.push({ run: () => work().then(resolve, reject), reject });
    });
  }

  /** Does the next pieces of work, beside each other: they only read, or give one index entries that nobody reads yet. */
  async run(): Promise<void> {
    await Promise.all(this.#tasks.splice(0, maxTasksAtOnce).map(({ run }) => run()));
  }

  reject(error: unknown): void {
    for (const task of this.#tasks.splice(0)) task.reject(error);
  }
}
