import { KawaError } from "../../core/errors/errors.ts";
import type { Version } from "../../core/value/version.ts";
import { host } from "../host/host.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import {
  type Delta,
  type Hooked,
  type Replies,
  type ReplicaService,
  type RequestMessage,
  type RequestName,
  type Requests,
  type ServerMessage,
  type Socket,
} from "../wire/protocol.ts";
import type { Hello } from "../wire/hello.ts";
import { fromReplyError } from "../wire/refusal.ts";
import { askService, type RanHere, type RunHere, transactWith } from "./ask-service.ts";
import { FrameSocket } from "./frame-socket.ts";
import { greet } from "./greet.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type ActorAddress, openSocket } from "./open-socket.ts";
import { PendingRequests } from "./pending-requests.ts";
import { unauthorizedCloseCode } from "../wire/close-codes.ts";

const requestTimeoutMs = 10_000;

export type ConnectionEvents = {
  onDelta: (delta: Delta) => void;
  /** Called now and then with the actor's version, after all deltas up to it. */
  onPosition: (position: Version) => void;
  /** Called every second while an answer is late. */
  onLate: () => void;
};

/**
 *     greeting ── hello: the actor is elsewhere ───────────▶ remote ──┐
 *        ├─────── hello: the actor is in this process ─────▶ local ───┤
 *        └─────── refused, late, closed ──▶ ended ◀── closed, silent, ┘
 *                                                     a late reply, the incarnation's end
 */
type State =
  | { readonly name: "greeting" }
  | { readonly name: "remote"; readonly heartbeat: Heartbeat }
  /** Requests go to the service; the socket is kept as the proof that it is the current incarnation. */
  | {
      readonly name: "local";
      readonly heartbeat: Heartbeat;
      readonly service: ReplicaService;
      readonly stopListening: () => void;
    }
  | { readonly name: "ended"; readonly error: KawaError };

/** One conversation with one incarnation of the actor. When it ends it is over; the link opens a new one. */
export class Connection {
  readonly closed: Promise<void>;
  /** Whether the actor applies changes that commute. */
  takesChanges = false;
  readonly #frames: FrameSocket;
  readonly #events: ConnectionEvents;
  readonly #pending = new PendingRequests();
  #state: State = { name: "greeting" };
  #hooked: Hooked = { reads: false, writes: false, lists: false };
  #resolveClosed!: () => void;
  #quiet: Deferred<void> = deferred();

  private constructor(socket: Socket, events: ConnectionEvents) {
    this.#events = events;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#frames = new FrameSocket(socket, {
      onFrame: () => this.#hear(),
      onMessage: (message) => this.#receive(message),
      onClose: (code) => this.#end(code === unauthorizedCloseCode ? refused() : ended()),
    });
  }

  /**
   * Opens a conversation; RivetKit wakes the actor for it.
   *
   * @throws {KawaError} BACKEND_UNAVAILABLE, BACKEND_TIMEOUT - try again
   * @throws {KawaError} UNAUTHORIZED - the actor knows another secret
   * @throws {KawaError} SHARDS_MISMATCH - the backend is divided otherwise by now
   */
  static async open(address: ActorAddress, events: ConnectionEvents): Promise<Connection> {
    const target = await host().start();
    await address.admit?.();
    const connection = new Connection(await openSocket(address, target), events);
    try {
      connection.#begin(await greet(address, (body) => connection.#askSocket("hello", body)));
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** True where the actor lives in this process: a request costs no message. */
  get isLocal(): boolean {
    return this.#state.name === "local";
  }

  /** True while nothing has come for longer than the reply to a heartbeat takes. */
  get isQuiet(): boolean {
    return this.#heartbeat?.isQuiet ?? false;
  }

  /** Runs a transaction beside the store of the actor; undefined where that is in another process. */
  transactHere(run: RunHere): Promise<RanHere> | undefined {
    const transact = this.#state.name === "local" && this.#state.service.transact;
    if (!transact) return undefined;
    return this.#answerWith("write", () => transactWith(transact, run)) as Promise<unknown> as Promise<RanHere>;
  }

  /** What the hooks of the actor decide about. */
  get hooked(): Hooked {
    return this.#hooked;
  }

  /**
   * @throws {KawaError} BACKEND_TIMEOUT - no answer; a write may have been applied
   * @throws {KawaError} BACKEND_UNAVAILABLE - the connection ended; a write may have been applied
   * @throws {KawaError} ACTION_REFUSED and others - what the actor answered; asking again would not help
   */
  async ask<N extends RequestName>(type: N, body: Requests[N]): Promise<Replies[N]> {
    if (this.#state.name === "ended") throw this.#state.error;
    const { service } = this.#state as { readonly service?: ReplicaService };
    if (!service) return this.#askSocket(type, body);
    return this.#answerWith(type, (id) => askService(service, { id, type, body } as RequestMessage));
  }

  /**
   * Asks the actor over the socket for its version, where it lives in this process too.
   *
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE - as {@link ask}
   */
  async ping(): Promise<Version> {
    const answered = this.#heartbeat?.ask();
    const position = await this.#askSocket("ping", {});
    answered?.();
    return position;
  }

  /** Resolves when something should have come for some seconds and has not: another connection may do better. */
  async whenQuiet(): Promise<void> {
    await this.#quiet.promise;
  }

  /** Says that it is quiet. */
  suspect(): void {
    this.#quiet.resolve();
  }

  close(): void {
    this.#end(ended());
  }

  get isOver(): boolean {
    return this.#state.name === "ended";
  }

  get #heartbeat(): Heartbeat | undefined {
    return "heartbeat" in this.#state ? this.#state.heartbeat : undefined;
  }

  #hear(): void {
    this.#heartbeat?.hear();
    if (this.#quiet.isSettled) this.#quiet = deferred();
  }

  /** After the hello, which has to be the first message that arrives. */
  #begin({ hooked, instance, takesFrames, takesChanges }: Hello): void {
    if (this.#state.name === "ended") throw this.#state.error;
    if (takesFrames) this.#frames.beginFrames();
    this.#hooked = hooked;
    this.takesChanges = takesChanges === true;
    const heartbeat = new Heartbeat({
      beat: () => this.#beat(),
      onLate: () => this.#events.onLate(),
      onQuiet: () => this.suspect(),
      onSilence: () => this.close(),
    });
    const service = hostedServices.get(instance);
    this.#state = service
      ? {
          name: "local",
          heartbeat,
          service,
          stopListening: service.listen(this.#events.onDelta, () => this.close()),
        }
      : { name: "remote", heartbeat };
  }

  #end(error: KawaError): void {
    if (this.#state.name === "ended") return;
    this.#heartbeat?.stop();
    if (this.#state.name === "local") this.#state.stopListening();
    this.#state = { name: "ended", error };
    this.#pending.rejectAll(error);
    this.#frames.close();
    this.#resolveClosed();
  }

  #beat(): void {
    this.ping().then(this.#events.onPosition, () => {});
  }

  #askSocket<N extends RequestName>(type: N, body: Requests[N]): Promise<Replies[N]> {
    return this.#ask(type, (id) => this.#frames.send({ id, type, body } as RequestMessage));
  }

  #answerWith<N extends RequestName>(type: N, answer: (id: number) => Promise<unknown>): Promise<Replies[N]> {
    return this.#ask(type, (id) => {
      answer(id).then(
        (reply) => this.#pending.resolve(id, reply as Replies[N]),
        (error) => this.#pending.reject(id, error as KawaError),
      );
    });
  }

  /** Waits for the reply no longer than the connection lives: an actor that was replaced may never answer. */
  #ask<N extends RequestName>(type: N, send: (id: number) => void): Promise<Replies[N]> {
    return this.#pending.add<Replies[N]>(send, requestTimeoutMs, () => {
      // A hook may take its time: who asks again gets the same answer.
      if (!this.#isHooked(type)) this.close();
      return new KawaError("BACKEND_TIMEOUT", `The actor did not answer "${type}" within ${requestTimeoutMs} ms.`);
    });
  }

  #isHooked(type: RequestName): boolean {
    const { reads, writes, lists } = this.#hooked;
    return (type === "read" && reads) || (type === "write" && writes) || (type === "list" && lists);
  }

  #receive(message: ServerMessage): void {
    if ("delta" in message) this.#events.onDelta(message.delta);
    else if ("error" in message) this.#pending.reject(message.id, fromReplyError(message.error));
    else this.#pending.resolve(message.id, message.body);
  }
}

const ended = (): KawaError => new KawaError("BACKEND_UNAVAILABLE", "The connection to the actor ended.");

function refused(): KawaError {
  const advice = "Set KAWA_SECRET to the same text on every server.";
  return new KawaError("UNAUTHORIZED", `The actor refused this server, which has another secret. ${advice}`);
}
