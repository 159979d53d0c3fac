import { env } from "@/lib/env";
import { labCounter } from "@/lib/lab-signals";

type Context = { params: Promise<{ name: string }> };

function answerWith(answer: (name: string, request: Request) => Promise<unknown>) {
  return async (request: Request, { params }: Context): Promise<Response> => {
    if (!env.isLab) return new Response(null, { status: 404 });
    return Response.json(await answer((await params).name, request));
  };
}

/** The value of a lab counter. */
export const GET = answerWith((name) => labCounter(name).get());

/** Sets a lab counter to the number in the body; answers when it is durable. */
export const PUT = answerWith(async (name, request) => {
  const value: unknown = await request.json();
  if (typeof value !== "number") throw new Error("The body must be a number.");
  await labCounter(name).set(value);
  return value;
});
