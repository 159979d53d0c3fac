import { notify } from "../../core/backend/notify.ts";
import type { Delta } from "../wire/protocol.ts";

/** Listeners of a store. They are called after each commit, and when the incarnation ends. */
export class StoreListeners {
  readonly #onDelta = new Set<(delta: Delta) => void>();
  readonly #onClose = new Set<() => void>();

  add(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    this.#onDelta.add(onDelta);
    this.#onClose.add(onClose);
    return () => {
      this.#onDelta.delete(onDelta);
      this.#onClose.delete(onClose);
    };
  }

  tell(delta: Delta): void {
    notify(this.#onDelta, delta);
  }

  close(): void {
    notify(this.#onClose, undefined);
    this.#onDelta.clear();
    this.#onClose.clear();
  }
}
