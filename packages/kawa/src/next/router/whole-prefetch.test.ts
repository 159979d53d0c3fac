import { expect, it, onTestFinished, vi } from "vitest";
import { handOver, wholePrefetch } from "./whole-prefetch.ts";

const root = '0:{"t":"$L2"}\n';
const late = "2:late\n";

/** An answer to a prefetch, what has come of it, and what somebody reads of it. */
function prefetch(status = 200) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  let answerWith!: (response: Response) => void;
  let fail!: (error: unknown) => void;
  const sent = new Promise<Response>((resolve, reject) => {
    answerWith = resolve;
    fail = reject;
  });
  const onLoss = vi.fn<() => void>();
  const seen = { text: "", state: "held" };
  const answer = wholePrefetch(() => sent, onLoss);
  void (async () => {
    const reader = (await answer).body!.pipeThrough(new TextDecoderStream()).getReader();
    seen.state = "open";
    for (let part = await reader.read(); !part.done; part = await reader.read()) seen.text += part.value;
    seen.state = "ended";
  })().catch((error: Error) => (seen.state = error.name));
  onTestFinished(handOver);
  return {
    answer,
    seen,
    onLoss,
    fail,
    begin: (): void => answerWith(new Response(body, { status })),
    send: (text: string): void => controller.enqueue(new TextEncoder().encode(text)),
    breakOff: (): void => controller.error(new TypeError("network error")),
    end: (): void => controller.close(),
  };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve));
};

it("hands an answer over when it has come whole", async () => {
  const { begin, send, end, seen, onLoss } = prefetch();
  begin();
  send(root);
  await settle();
  expect(seen.state).toBe("held");
  send(late);
  end();
  await vi.waitFor(() => expect(seen).toEqual({ text: root + late, state: "ended" }));
  expect(onLoss).not.toHaveBeenCalled();
});

it("hands over what has come, and the rest as it comes, where somebody goes to a page", async () => {
  const { begin, send, end, seen, onLoss } = prefetch();
  begin();
  send(root);
  await settle();
  handOver();
  await vi.waitFor(() => expect(seen).toEqual({ text: root, state: "open" }));
  send(late);
  end();
  await vi.waitFor(() => expect(seen).toEqual({ text: root + late, state: "ended" }));
  expect(onLoss).not.toHaveBeenCalled();
});

it("hands over an answer that begins after somebody has gone to a page", async () => {
  const { begin, send, seen } = prefetch();
  handOver();
  begin();
  send(root);
  await vi.waitFor(() => expect(seen).toEqual({ text: root, state: "open" }));
});

it("gives no answer that has broken off, and tells nobody, while nobody has gone to a page", async () => {
  const { begin, send, breakOff, seen, onLoss } = prefetch();
  begin();
  send(root);
  await settle();
  breakOff();
  // Not an error of the network: Next would ask again at once, and again.
  await vi.waitFor(() => expect(seen).toEqual({ text: "", state: "AbortError" }));
  handOver();
  await settle();
  expect(onLoss).not.toHaveBeenCalled();
});

it("ends an answer without an error, and tells it, where it breaks off after somebody has gone to a page", async () => {
  const { begin, send, breakOff, seen, onLoss } = prefetch();
  begin();
  send(root);
  await settle();
  handOver();
  await vi.waitFor(() => expect(seen.text).toBe(root));
  breakOff();
  await vi.waitFor(() => expect(seen.state).toBe("ended"));
  expect(onLoss).toHaveBeenCalledOnce();
});

type Prefetch = ReturnType<typeof prefetch>;

it.each([
  ["there is none", ({ fail }: Prefetch) => fail(new TypeError("network error"))],
  [
    "it breaks off before its root",
    ({ begin, send, breakOff }: Prefetch) => {
      begin();
      send("0:{");
      breakOff();
    },
  ],
])("passes the error on, and tells it, where %s after somebody has gone to a page", async (_, go) => {
  const made = prefetch();
  handOver();
  go(made);
  await vi.waitFor(() => expect(made.seen.state).toBe("TypeError"));
  expect(made.onLoss).toHaveBeenCalledOnce();
});

it("passes a refusal on, and tells it only where somebody has gone to a page", async () => {
  const before = prefetch(500);
  before.begin();
  expect((await before.answer).status).toBe(500);
  handOver();
  expect(before.onLoss).not.toHaveBeenCalled();
  const after = prefetch(500);
  handOver();
  after.begin();
  expect((await after.answer).status).toBe(500);
  expect(after.onLoss).toHaveBeenCalledOnce();
});
