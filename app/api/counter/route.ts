import { isKawaError } from "kawa";
import { parseAmount } from "@/app/_lib/amount";
import { isCrossSite } from "kawa/next";
import { counter } from "@/lib/signals";

const maxBodyBytes = 1024;

export async function GET(): Promise<Response> {
  return answer(() => counter.get());
}

/** `curl localhost:3000/api/counter -d by=5` */
export async function POST(request: Request): Promise<Response> {
  if (isCrossSite(request)) return refuse(403, "Requests from pages of another site are refused.");
  const body = await readText(request, maxBodyBytes);
  if (body === undefined) return refuse(413, `The body is larger than ${maxBodyBytes} bytes; send "by=5".`);
  const by = parseAmount(new URLSearchParams(body).get("by"));
  if (by === undefined) return refuse(400, 'Send a whole number from -1000000 to 1000000 as form data, such as "by=5".');
  return answer(() => counter.update((n) => n + by));
}

async function answer(read: () => Promise<number>): Promise<Response> {
  try {
    return Response.json({ counter: await read() });
  } catch (error) {
    if (isKawaError(error)) return refuse(error.status, error.message);
    throw error;
  }
}

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
