/** The visitor of a tab, as its renders and its document tell it. `onOther` is called when it becomes another one. */
export class Visitor {
  readonly #onOther: (isShown: boolean) => void;
  #identity: string | undefined;

  constructor(onOther: (isShown: boolean) => void) {
    this.#onOther = onOther;
  }

  /** A render says who looks; `undefined` where it does not know. */
  identify(identity: string | undefined): void {
    if (identity === undefined || identity === this.#identity) return;
    if (this.#identity !== undefined) this.#onOther(true);
    this.#identity = identity;
    this.#guard(identity);
  }

  #guard(identity: string): void {
    if (identity !== this.#identity) return;
    import("./identity-guard.ts").then(
      ({ guardIdentity }) => guardIdentity(identity, () => this.#onOther(false)),
      // The network is lost.
      () => setTimeout(() => this.#guard(identity), 5_000),
    );
  }
}
