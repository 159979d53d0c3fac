import { KawaError } from "../../core/errors.ts";
import { isRenderId } from "../../react/render-id.ts";
import { fragmentComponent } from "./fragment-registry.ts";
import { openFragment } from "./fragment-token.ts";
import { addPush, endPush } from "./open-pushes.ts";
import { type FragmentRef, maxFragments, type PushAnswer, type PushRequest } from "./push-protocol.ts";
import { type PushedFragment, PushStream } from "./push-stream.tsx";

const maxTextLength = 16 * 1024;

/** Opens a tab's call, and ends the one before. */
export function openPush(request: PushRequest): PushAnswer {
  const { tab, fragments } = checked(request);
  const found = fragments.map((ref, index) => findFragment(ref, index));
  const known = found.filter((fragment) => fragment !== undefined);
  const unknown = fragments.map((_, index) => index).filter((index) => found[index] === undefined);
  if (known.length === 0) {
    endPush(tab);
    return { unknown, pushes: none };
  }
  let remove = (): void => {};
  const stream = new PushStream(known, () => remove());
  try {
    remove = addPush(tab, stream);
  } catch (error) {
    stream.end("replaced");
    throw error;
  }
  return { unknown, pushes: { [Symbol.asyncIterator]: () => stream } };
}

const none: PushAnswer["pushes"] = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: "replaced" }) }),
};

function findFragment(ref: FragmentRef, index: number): PushedFragment | undefined {
  const fragment = openFragment(ref.token);
  const component = fragment && fragmentComponent(fragment.id);
  return component && { index, ref, component, props: fragment.props };
}

/** Anybody may call an action, with anything. */
function checked(request: PushRequest): PushRequest {
  const { tab, fragments } = Object(request) as Record<keyof PushRequest, unknown>;
  if (!isRenderId(tab as string) || !Array.isArray(fragments) || fragments.length > maxFragments || !fragments.every(isRef)) {
    throw new KawaError("REQUEST_INVALID", `A push is asked for with a tab and at most ${maxFragments} fragments.`);
  }
  return request;
}

function isRef(value: unknown): boolean {
  const { token, render, versions } = Object(value) as Record<keyof FragmentRef, unknown>;
  return [token, versions].every((text) => typeof text === "string" && text.length <= maxTextLength) && isRenderId(render as string);
}
