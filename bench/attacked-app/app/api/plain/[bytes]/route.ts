export const dynamic = "force-dynamic";

const mebi = 1024 * 1024;
const chunk = Buffer.alloc(64 * 1024, "x");

/** Answers with so many bytes: up to a mebibyte at once, more as they are read. */
export async function GET(_: Request, { params }: { params: Promise<{ bytes: string }> }): Promise<Response> {
  let left = Number((await params).bytes);
  if (left <= mebi) return new Response(Buffer.alloc(left, "x"));
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    controller.enqueue(chunk);
    left -= chunk.byteLength;
    if (left <= 0) controller.close();
  };
  return new Response(new ReadableStream<Uint8Array>({ pull }));
}

export async function POST(request: Request, context: { params: Promise<{ bytes: string }> }): Promise<Response> {
  await request.text();
  return GET(request, context);
}
