import { KawaError } from "../../src/core/errors/errors.ts";
import type { ActorLink } from "../../src/rivetkit/replica/actor-link.ts";
import type { Hooked, RequestName } from "../../src/rivetkit/wire/protocol.ts";
import { Replica } from "../../src/rivetkit/replica/replica.ts";

type Asked = { readonly type: RequestName; readonly body: unknown; answer(reply: object): void };

/** A link to an actor that answers only when it is told to; so does the clock. */
export class FakeLink {
  readonly id = "fake";
  readonly replica: Replica = new Replica();
  hooked: Hooked = { reads: false, writes: false, lists: false };
  /** What the actor was asked, oldest first. */
  readonly asked: Asked[] = [];
  #waiting: ((error: KawaError) => void)[] = [];

  get asLink(): ActorLink {
    return this as unknown as ActorLink;
  }

  async whenConnected(): Promise<object> {
    return { hooked: this.hooked, ask: (type: RequestName, body: unknown) => this.#ask(type, body) };
  }

  async ask<T>(_: number, request: (connection: object) => Promise<T>): Promise<T> {
    const timeout = new Promise<never>((__, reject) => this.#waiting.push(reject));
    return Promise.race([request(await this.whenConnected()), timeout]);
  }

  /** The time of all who wait is over. */
  timeOut(): void {
    for (const reject of this.#waiting.splice(0))
      reject(new KawaError("BACKEND_TIMEOUT", "The fake actor did not answer in time."));
  }

  #ask(type: RequestName, body: unknown): Promise<object> {
    return new Promise((resolve) => this.asked.push({ type, body, answer: resolve }));
  }
}
