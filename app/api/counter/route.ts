import { addition, readForm } from "@/app/_lib/forms";
import { answerErrors, isCrossSite } from "kawa/next";
import { counter } from "@/lib/signals";

const maxBodyBytes = 1024;

export const GET = answerErrors(async () => Response.json({ counter: await counter.get() }));

/** `curl localhost:3000/api/counter -d by=5` */
export const POST = answerErrors(async (request) => {
  if (isCrossSite(request)) return refuse(403, "Requests from pages of another site are refused.");
  const body = await readText(request, maxBodyBytes);
  if (body === undefined) return refuse(413, `The body is larger than ${maxBodyBytes} bytes; send "by=5".`);
  const added = readForm(addition, new URLSearchParams(body));
  if (added === undefined)
    return refuse(400, 'Send a whole number from -1000000 to 1000000 as form data, such as "by=5".');
  return Response.json({ counter: await counter.update((n) => n + added.by) });
});

function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status });
}

/** Undefined when the body is longer than `maxBytes`; no more than that is kept. */
async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
