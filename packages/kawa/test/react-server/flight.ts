import { createRequire } from "node:module";
import type { ReactNode } from "react";

type FlightOptions = { onError?: (error: unknown) => string | undefined };
type FlightServer = {
  renderToReadableStream(model: ReactNode, clients: object, options?: FlightOptions): ReadableStream<Uint8Array>;
};

// Next brings React's server renderer; nobody publishes it alone for this React.
const { renderToReadableStream } = createRequire(import.meta.url)(
  "next/dist/compiled/react-server-dom-webpack/server.node",
) as FlightServer;

export type Flight = {
  /** Everything that was rendered, as the lines of the Flight stream. */
  readonly text: string;
  readonly errors: readonly unknown[];
};

/** Renders server components to the end. */
export async function renderServer(model: ReactNode): Promise<Flight> {
  const errors: unknown[] = [];
  const stream = renderToReadableStream(model, {}, { onError: (error) => void errors.push(error) });
  return { text: await new Response(stream).text(), errors };
}

/** Texts that the `<output>` elements of a render show, in their order. */
export function outputsOf({ text }: Flight): string[] {
  return [...text.matchAll(/\["\$","output",[^,]*,\{"children":("(?:[^"\\]|\\.)*"|[\d.-]+)\}/g)].map((match) =>
    String(JSON.parse(match[1]!)),
  );
}
