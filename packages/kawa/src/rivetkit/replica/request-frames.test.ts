import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RequestMessage } from "../wire/protocol.ts";
import { RequestFrames } from "./request-frames.ts";

let sent: string[];
let frames: RequestFrames;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
  });
  sent = [];
  frames = new RequestFrames((frame) => sent.push(frame));
  frames.beginFrames();
});

afterEach(() => void vi.useRealTimers());

function write(id: number, text = "[1]"): RequestMessage {
  return { id, type: "write", body: { client: "c", number: id, settled: id, writes: [{ key: "a", text }] } };
}

const read = (id: number): RequestMessage => ({ id, type: "read", body: { keys: ["a"] } });

/** Numbers of the requests in each frame. */
function idsSent(): number[][] {
  return sent.map((frame) => [JSON.parse(frame) as RequestMessage | RequestMessage[]].flat().map(({ id }) => id));
}

const endTurn = (): unknown => vi.advanceTimersByTime(0);

describe("writes", () => {
  it("of one turn travel together at its end, and one alone as itself", () => {
    frames.add(write(1));
    frames.add(write(2));
    expect(sent).toEqual([]);
    endTurn();
    frames.onAnswer(2);
    frames.add(write(3));
    endTurn();
    expect(idsSent()).toEqual([[1, 2], [3]]);
    expect(sent[1]!.startsWith("{")).toBe(true);
  });

  it("wait while nothing of the last frame is answered, and go at the end of the turn in which something is", () => {
    frames.add(read(0));
    frames.add(write(1));
    endTurn();
    frames.add(write(2));
    endTurn();
    frames.add(write(3));
    vi.advanceTimersByTime(5);
    // An earlier request says nothing of the frame.
    frames.onAnswer(0);
    endTurn();
    expect(idsSent()).toEqual([[0], [1]]);
    frames.onAnswer(1);
    frames.add(write(4));
    endTurn();
    expect(idsSent()).toEqual([[0], [1], [2, 3, 4]]);
  });

  it("wait 20 ms at most: what the unanswered ones wait for may be slow", () => {
    frames.add(write(1));
    endTurn();
    frames.add(write(2));
    vi.advanceTimersByTime(19);
    expect(idsSent()).toEqual([[1]]);
    vi.advanceTimersByTime(1);
    expect(idsSent()).toEqual([[1], [2]]);
    frames.add(write(3));
    vi.advanceTimersByTime(19);
    expect(sent).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(idsSent()).toEqual([[1], [2], [3]]);
  });

  it("go along with any other request, in their order", () => {
    frames.add(write(1));
    endTurn();
    frames.add(write(2));
    frames.add(read(3));
    expect(idsSent()).toEqual([[1], [2, 3]]);
    vi.advanceTimersByTime(1_000);
    expect(sent).toHaveLength(2);
  });

  it("are cut into frames of 1,000 requests and of about 1 MB", () => {
    for (let id = 1; id <= 1_001; id += 1) frames.add(write(id));
    endTurn();
    expect(idsSent().map(({ length }) => length)).toEqual([1_000, 1]);
    frames.onAnswer(1_001);
    sent = [];
    for (let id = 1; id <= 3; id += 1) frames.add(write(id, JSON.stringify(["x".repeat(600_000)])));
    endTurn();
    expect(idsSent()).toEqual([[1], [2], [3]]);
  });

  it("that wait when it is closed are not sent", () => {
    frames.add(write(1));
    frames.close();
    vi.advanceTimersByTime(1_000);
    expect(sent).toEqual([]);
  });
});

it("sends other requests at once", () => {
  frames.add(read(1));
  frames.add(read(2));
  expect(idsSent()).toEqual([[1], [2]]);
});

it("sends each request alone and at once to an actor that takes no frames", () => {
  const alone = new RequestFrames((frame) => sent.push(frame));
  alone.add(write(1));
  alone.add(write(2));
  expect(idsSent()).toEqual([[1], [2]]);
});
