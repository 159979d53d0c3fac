import { inlineStreams } from "../../../src/core/streams/inline-streams.ts";
import { streamKey } from "../../../src/core/backend/key.ts";
import { BackedSignal } from "../../../src/core/signal.ts";
import { initialOf } from "../../../src/core/platform.ts";

/** A value of a stream: which process has produced it, and how many came before it, whoever produced those. */
export type Tick = { readonly pid: number; readonly count: number };

export type StreamState = {
  /** What this process shows. */
  readonly tick: Tick | null;
  readonly startCount: number;
  readonly isRunning: boolean;
};

const tickMs = 50;
const renderMs = 500;

class ShownStream {
  startCount = 0;
  isRunning = false;
  readonly #target: BackedSignal<Tick | null>;
  readonly #timer: NodeJS.Timeout;

  private constructor(target: BackedSignal<Tick | null>) {
    this.#target = target;
    this.#timer = setInterval(() => this.#render(), renderMs);
    this.#render();
  }

  static async open(scope: string): Promise<ShownStream> {
    const { backend } = inlineStreams();
    await backend.load([streamKey(scope)]);
    return new ShownStream(new BackedSignal<Tick | null>(streamKey(scope), initialOf(scope, null), backend));
  }

  get tick(): Tick | null {
    return this.#target.peek();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #render(): void {
    inlineStreams().show({
      name: this.#target.key,
      target: this.#target,
      start: (stream) => {
        this.startCount += 1;
        this.isRunning = true;
        const tick = (): void => void stream.set({ pid: process.pid, count: (stream.value?.count ?? 0) + 1 });
        const timer = setInterval(tick, tickMs);
        return () => {
          clearInterval(timer);
          this.isRunning = false;
        };
      },
    });
  }
}

const shown = new Map<string, ShownStream>();

export const streamOperations = {
  /** Shows a ticking stream, as pages do that are rendered for each of its values. */
  async showStream(scope: string): Promise<void> {
    shown.set(scope, await ShownStream.open(scope));
  },
  /** No page shows the stream any more. */
  async hideStream(scope: string): Promise<void> {
    shown.get(scope)?.close();
  },
  async streamState(scope: string): Promise<StreamState> {
    const { tick, startCount, isRunning } = shown.get(scope)!;
    return { tick, startCount, isRunning };
  },
};
