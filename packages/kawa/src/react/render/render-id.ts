import { processState } from "../../core/process/process-state.ts";
import type { RenderReads } from "./render-reads.ts";

/** Header in which the middleware tells a render its id. */
export const renderHeader = "x-kawa-render";

/** An id that cannot be guessed: only the browser that was given the render can name it. */
export function createRenderId(): string {
  return crypto.randomUUID();
}

/** False for what cannot be an id: without the middleware a browser may have sent anything in the header. */
export function isRenderId(text: unknown): text is string {
  return typeof text === "string" && /^[\w-]{16,64}$/.test(text);
}

export type RenderName = {
  readonly id: string;
  /** Set where streams may follow the render before it has read anything. It grows until the render begins, if it does. */
  readonly announced?: { readonly reads: RenderReads; readonly stopGrowing: () => void };
  /** Set where the render is the answer to Kawa's own server action, which shows a tab again. */
  readonly refresh?: {
    /** The render that the tab shows which has asked; undefined where this process does not know it. */
    readonly of: RenderReads | undefined;
  };
};

/** Names by the headers of the request, which a server action and the render that answers it have in common. */
const names = processState("render-names", () => new WeakMap<Headers, RenderName>());

/** Names the render that answers the server action that is running. */
export function nameAnswer(headers: Headers, name: RenderName): void {
  names.set(headers, name);
}

/** The name of the render that answers a request: the action's, else the middleware's, else a new one. */
export function renderNameOf(headers: Headers): RenderName {
  const id = headers.get(renderHeader);
  return names.get(headers) ?? { id: isRenderId(id) ? id : createRenderId() };
}
