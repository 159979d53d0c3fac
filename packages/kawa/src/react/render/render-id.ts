import { processState } from "../../core/process/process-state.ts";
import type { RenderReads } from "./render-reads.ts";

/** Header in which the middleware tells a render its id. */
export const renderHeader = "x-kawa-render";

/** Nobody can guess it: who names a render was given it. */
export function createRenderId(): string {
  return crypto.randomUUID();
}

/** Without the middleware a browser may have sent anything. */
export function isRenderId(text: unknown): text is string {
  return typeof text === "string" && /^[\w-]{16,64}$/.test(text);
}

export type RenderName = {
  readonly id: string;
  /** Of the answer to a server action, of which no HTML is made. */
  readonly refresh?: {
    /** What the tab shows that has asked for the render; undefined where this process does not know it. */
    readonly of: RenderReads | undefined;
  };
};

/** By the headers of a request, which a server action and the render that answers it have in common. */
const given = processState("render-names", () => new WeakMap<Headers, RenderName>());

/** Names the render that answers the server action that is running. */
export function nameAnswer(headers: Headers, name: RenderName): void {
  given.set(headers, name);
}

/** The name of the render that answers a request: the action's, else the middleware's, else a new one. */
export function renderNameOf(headers: Headers): RenderName {
  const id = headers.get(renderHeader);
  return given.get(headers) ?? { id: isRenderId(id) ? id : createRenderId() };
}
