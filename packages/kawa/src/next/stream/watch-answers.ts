import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import { addEmptyRender } from "../../react/render/empty-renders.ts";
import { findRender } from "../../react/render/foreign-renders.ts";
import { renderTimingName } from "../protocol/stream-protocol.ts";

/** What Next sends from its cache, or has rendered in part before: that may have read something then. */
const ofPrerenders = ["x-nextjs-cache", "x-nextjs-prerender", "x-nextjs-postponed"];

const named = new RegExp(`${renderTimingName};desc="([^"]*)"`, "g");

/**
 * Notes the named renders that have ended without reading anything, as where all that a browser still needed was a part without signals. Without
 * that, a tab that shows one might show anything, and would have to be rendered again.
 */
export function watchAnswers(): void {
  subscribe("http.server.response.finish", (message) =>
    noteEmptyRender((message as { response: ServerResponse }).response),
  );
}

function noteEmptyRender(response: ServerResponse): void {
  const timing = response.getHeader("server-timing");
  if (timing === undefined || ofPrerenders.some((name) => response.hasHeader(name))) return;
  for (const [, id = ""] of String(timing).matchAll(named)) if (!findRender(id)) addEmptyRender(id);
}
