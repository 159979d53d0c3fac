import { createClient } from "rivetkit/client";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { Version } from "../../core/value/version.ts";
import { asNobody } from "./as-nobody.ts";
import { actorAudience } from "../wire/actor-audience.ts";
import { accessOf } from "../settings/engine-target.ts";
import { host } from "../host/host.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import {
  type Delta,
  type Hooked,
  type Replies,
  type ReplicaService,
  type ReplyMessage,
  type RequestMessage,
  type RequestName,
  type Requests,
  type ServerFrame,
  type Socket,
  unauthorizedCloseCode,
} from "../wire/protocol.ts";
import { sendAtOnce } from "./send-at-once.ts";
import { fromReplyError } from "../wire/refusal.ts";
import { issueServerToken } from "../wire/server-token.ts";

const seenMessage = JSON.stringify({ id: 0, type: "seen", body: {} });
const openTimeoutMs = 5_000;
const requestTimeoutMs = 10_000;
const pingIntervalMs = 3_000;
/** Without any message for this long the peer is dead: RivetKit reports neither a killed runner nor a lost network. */
const silenceTimeoutMs = 8_000;
/** The answer to a ping is late: nobody knows whether something has changed. */
const quietMs = pingIntervalMs + 1_000;

export type ActorAddress = { readonly actorName: string; readonly actorId: string };

export type ConnectionEvents = {
  onDelta: (delta: Delta) => void;
  /** Where the actor is, now and then. All deltas up to there have been sent before. */
  onPosition: (position: Version) => void;
};

type Pending = {
  readonly resolve: (body: never) => void;
  readonly reject: (error: unknown) => void;
  timer: NodeJS.Timeout;
};

/** One conversation with one incarnation of the actor. When it ends it is over; the backend opens a new one. */
export class Connection {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<number, Pending>();
  #pingTimer: NodeJS.Timeout | undefined;
  #hooked: Hooked = { reads: false, writes: false, lists: false };
  #local: ReplicaService | undefined;
  #stopLocal: (() => void) | undefined;
  #lastMessageAt = Date.now();
  #nextId = 1;
  #isClosed = false;
  #isRefused = false;
  #hasAnswered = false;
  #resolveClosed!: () => void;

  private constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    socket.addEventListener("message", (event: { data: unknown }) => this.#receive(String(event.data)));
    socket.addEventListener("close", (event: { code?: number }) => {
      this.#isRefused = event.code === unauthorizedCloseCode;
      this.close();
    });
    socket.addEventListener("error", () => this.close());
  }

  /**
   * Opens a conversation; RivetKit wakes the actor for it.
   *
   * @throws {KawaError} BACKEND_UNAVAILABLE, BACKEND_TIMEOUT - try again
   */
  static async open(address: ActorAddress, events: ConnectionEvents): Promise<Connection> {
    const target = await host().start();
    const actors = createClient(accessOf(target)) as unknown as Record<
      string,
      { getOrCreate(key: string[]): { webSocket(): Promise<WebSocket> } }
    >;
    const socket = await openSocket(() => actors[address.actorName]!.getOrCreate([address.actorId]).webSocket());
    const connection = new Connection(socket, events);
    try {
      const hello = await connection.#askSocket("hello", {
        token: issueServerToken(actorAudience(address.actorName, [address.actorId])),
      });
      connection.#hooked = hello.hooked;
      connection.#startPings();
      const local = hostedServices.get(hello.instance);
      if (local) {
        connection.#useLocal(local);
        sendAtOnce(target.endpoint);
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** True where the actor lives in this process: a request costs no message. */
  get isLocal(): boolean {
    return this.#local !== undefined;
  }

  /** True while nothing has come for longer than a ping takes. */
  get isQuiet(): boolean {
    return Date.now() - this.#lastMessageAt > quietMs;
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
    if (this.#isClosed) throw this.#ended();
    return this.#local ? this.#askLocal(this.#local, type, body) : this.#askSocket(type, body);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#pingTimer);
    this.#stopLocal?.();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(this.#ended());
    }
    this.#pending.clear();
    try {
      this.#socket.close(1000);
    } catch {
      // It was closed by the other side.
    }
    this.#resolveClosed();
  }

  /** The actor lives in this process: talk to it directly, and keep the socket as the proof that it is the current one. */
  #useLocal(service: ReplicaService): void {
    this.#local = service;
    this.#stopLocal = service.listen(this.#events.onDelta, () => this.close());
  }

  #askSocket<N extends RequestName>(type: N, body: Requests[N]): Promise<Replies[N]> {
    return this.#pend(type, (id) => {
      this.#socket.send(JSON.stringify({ id, type, body }));
      this.#hasAnswered = true;
    });
  }

  #askLocal<N extends RequestName>(service: ReplicaService, type: N, body: Requests[N]): Promise<Replies[N]> {
    return this.#pend(type, (id) => {
      const fail = (cause: unknown): void => {
        const error = isKawaError(cause)
          ? cause
          : new KawaError("BACKEND_UNAVAILABLE", "The actor could not answer.", { cause });
        this.#take(id)?.reject(error);
      };
      try {
        // Its hooks are told who asks: the request that has come here may be another one.
        const answer = asNobody(() => service.answer({ id, type, body } as RequestMessage));
        Promise.resolve(answer).then((reply) => this.#take(id)?.resolve(reply as never), fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Waits for the answer to a request, no longer than the connection lives: an actor that was replaced may never answer. */
  #pend<N extends RequestName>(type: N, send: (id: number) => void): Promise<Replies[N]> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new KawaError("BACKEND_TIMEOUT", `The actor did not answer "${type}" within ${requestTimeoutMs} ms.`));
        // A hook may take its time; who asks again is given the same answer.
        if (!this.#isHooked(type)) this.close();
      }, requestTimeoutMs);
      timer.unref();
      this.#pending.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  #isHooked(type: RequestName): boolean {
    const { reads, writes, lists } = this.#hooked;
    return (type === "read" && reads) || (type === "write" && writes) || (type === "list" && lists);
  }

  #receive(data: string): void {
    this.#lastMessageAt = Date.now();
    for (const message of JSON.parse(data) as ServerFrame) {
      if ("delta" in message) this.#events.onDelta(message.delta);
      else this.#settle(message);
    }
    this.#acknowledge();
  }

  /** Any message on the way back will do. */
  #acknowledge(): void {
    this.#hasAnswered = false;
    setImmediate(() => {
      if (!this.#hasAnswered && !this.#isClosed) this.#socket.send(seenMessage);
    });
  }

  #settle(message: ReplyMessage): void {
    const pending = this.#take(message.id);
    if ("error" in message) pending?.reject(fromReplyError(message.error));
    else pending?.resolve(message.body as never);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }

  #ended(): KawaError {
    if (!this.#isRefused) return new KawaError("BACKEND_UNAVAILABLE", "The connection to the actor ended.");
    return new KawaError(
      "UNAUTHORIZED",
      "The actor refused this server, which has another secret. Set KAWA_SECRET to the same text on every server.",
    );
  }

  /** After the hello, which has to be the first message that arrives. */
  #startPings(): void {
    if (this.#isClosed) return;
    this.#pingTimer = setInterval(() => this.#checkPulse(), pingIntervalMs);
    this.#pingTimer.unref();
  }

  #checkPulse(): void {
    if (Date.now() - this.#lastMessageAt > silenceTimeoutMs) return this.close();
    this.#askSocket("ping", {}).then(this.#events.onPosition, () => {});
  }
}

async function openSocket(open: () => Promise<WebSocket>): Promise<Socket> {
  let timer: NodeJS.Timeout | undefined;
  let isLate = false;
  const attempt = open().then(
    (socket) =>
      new Promise<WebSocket>((resolve, reject) => {
        if (isLate) return socket.close();
        if (socket.readyState === socket.OPEN) return resolve(socket);
        socket.addEventListener("open", () => (isLate ? socket.close() : resolve(socket)), { once: true });
        const fail = (): void => reject(new KawaError("BACKEND_UNAVAILABLE", "The actor refused the connection."));
        socket.addEventListener("close", fail, { once: true });
        socket.addEventListener("error", fail, { once: true });
      }),
  );
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new KawaError("BACKEND_TIMEOUT", `The actor could not be reached within ${openTimeoutMs} ms.`));
    }, openTimeoutMs);
    timer.unref();
  });
  attempt.catch(() => {});
  try {
    return (await Promise.race([attempt, timeout])) as unknown as Socket;
  } catch (cause) {
    if (isKawaError(cause)) throw cause;
    throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not be reached.", { cause });
  } finally {
    clearTimeout(timer);
  }
}
