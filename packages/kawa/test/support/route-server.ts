import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** Answers by a route handler, with what Next does between it and `node:http` and nothing else. */
export async function answerBy(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await handler(await toWebRequest(incoming, response));
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.statusCode = answer.status;
  if (answer.body) await pipe(answer.body.getReader(), response);
  else response.end();
}

/** What the route looks at. */
const handedOn = ["content-type", "x-forwarded-for"];

async function toWebRequest(incoming: IncomingMessage, response: ServerResponse): Promise<Request> {
  const gone = new AbortController();
  response.on("close", () => response.writableFinished || gone.abort());
  return new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method!,
    headers: handedOn.flatMap((name) =>
      typeof incoming.headers[name] === "string" ? [[name, incoming.headers[name]]] : [],
    ),
    body: incoming.method === "POST" ? await text(incoming) : null,
    signal: gone.signal,
  });
}

async function pipe(reader: ReadableStreamDefaultReader<Uint8Array>, response: ServerResponse): Promise<void> {
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (response.destroyed) return void reader.cancel();
    if (!response.write(read.value)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
