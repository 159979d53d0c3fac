import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerMessage } from "../wire/protocol.ts";
import { ReplyFrames } from "./reply-frames.ts";

let sent: string[];
let frames: ReplyFrames;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  frames = new ReplyFrames((frame) => sent.push(frame.map(nameOf).join(" ")));
});

afterEach(() => vi.useRealTimers());

function nameOf(message: ServerMessage): string {
  return "id" in message ? `answer ${message.id}` : `delta ${message.delta.to}`;
}

function answer(id: number): void {
  frames.add({ id, body: {} });
}

function delta(to: number): void {
  frames.add({ delta: { epoch: "e", from: to - 1, to, rows: [] } });
}

const turn = (): void => void vi.advanceTimersByTime(0);

describe("what a server is sent", () => {
  it("is one frame a turn, in order", () => {
    delta(1);
    answer(1);
    delta(2);
    expect(sent).toEqual([]);
    turn();
    expect(sent).toEqual(["delta 1 answer 1 delta 2"]);
  });

  it("has a first delta at once, and the later ones when the server has acknowledged that", () => {
    delta(1);
    turn();
    delta(2);
    turn();
    delta(3);
    turn();
    expect(sent).toEqual(["delta 1"]);
    frames.acknowledge();
    turn();
    expect(sent).toEqual(["delta 1", "delta 2 delta 3"]);
    frames.acknowledge();
    delta(4);
    turn();
    expect(sent.at(-1)).toBe("delta 4");
  });

  it("has answers at once, with all deltas that wait before them", () => {
    delta(1);
    turn();
    delta(2);
    answer(7);
    turn();
    expect(sent).toEqual(["delta 1", "delta 2 answer 7"]);
  });

  it("has deltas after 20 ms that nothing acknowledges, once", () => {
    delta(1);
    turn();
    delta(2);
    vi.advanceTimersByTime(19);
    delta(3);
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual(["delta 1", "delta 2 delta 3"]);
    vi.advanceTimersByTime(1_000);
    expect(sent).toHaveLength(2);
  });

  it("has deltas with the answer to a write, whatever it has acknowledged meanwhile", () => {
    delta(1);
    turn();
    delta(2);
    frames.noteWrite();
    frames.acknowledge();
    delta(3);
    turn();
    expect(sent).toEqual(["delta 1"]);
    answer(1);
    turn();
    expect(sent).toEqual(["delta 1", "delta 2 delta 3 answer 1"]);
    // Whoever goes on at once acknowledges the answer with the next write.
    delta(4);
    frames.noteWrite();
    answer(2);
    turn();
    expect(sent.at(-1)).toBe("delta 4 answer 2");
    frames.acknowledge();
    delta(5);
    turn();
    expect(sent.at(-1)).toBe("delta 5");
  });

  it("has deltas after 20 ms where the answer to its write takes longer", () => {
    frames.noteWrite();
    delta(1);
    vi.advanceTimersByTime(19);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual(["delta 1"]);
  });

  it("ends with the socket", () => {
    delta(1);
    turn();
    delta(2);
    frames.close();
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual(["delta 1"]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
