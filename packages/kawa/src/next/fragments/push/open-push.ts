import { KawaError } from "../../../core/errors/errors.ts";
import { findRender } from "../../../react/render/foreign-renders.ts";
import { isRenderId } from "../../../react/render/render-id.ts";
import type { AskingClient } from "../../network/asking-client.ts";
import { fragmentComponent } from "./fragment-registry.ts";
import { openFragment } from "./fragment-token.ts";
import { addPush, endPush } from "./open-pushes.ts";
import { type FragmentRef, maxFragments, type PushAnswer, type PushRequest } from "../../protocol/push-protocol.ts";
import { PushStream } from "./push-stream.tsx";
import type { PushedFragment } from "./run-fragment.tsx";
import type { PushReader } from "./push-reader.ts";

const maxTextLength = 16 * 1024;

/**
 * Opens a tab's call, and ends the one before.
 *
 * @throws {KawaError} STREAMS_EXHAUSTED - there is no room for one more
 */
export function openPush({ tab, fragments }: PushRequest, client: AskingClient, reader?: PushReader): PushAnswer {
  const byToken = Map.groupBy(fragments.keys(), (index) => fragments[index]!.token);
  const found = [...byToken.values()].map((indexes) => ({ indexes, fragment: findFragment(indexes, fragments) }));
  const known = found.flatMap(({ fragment }) => fragment ?? []);
  const unknown = found.flatMap(({ indexes, fragment }) => (fragment ? [] : indexes)).sort((one, other) => one - other);
  if (known.length === 0) {
    endPush(tab);
    return { unknown, pushes: none };
  }
  let remove = (): void => {};
  const stream = new PushStream(known, () => remove(), reader);
  try {
    remove = addPush({ tab, client, fragmentCount: known.length }, stream);
  } catch (error) {
    stream.end("replaced");
    throw error;
  }
  return { unknown, pushes: { [Symbol.asyncIterator]: () => stream } };
}

const none: PushAnswer["pushes"] = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: "replaced" }) }),
};

/** A fragment that is shown in several places is rendered once for all of them. */
function findFragment(indexes: readonly number[], fragments: readonly FragmentRef[]): PushedFragment | undefined {
  const refs = indexes.map((index) => fragments[index]!);
  const [first] = refs;
  const fragment = openFragment(first!.token);
  const component = fragment && fragmentComponent(fragment.id);
  if (!component) return undefined;
  const { render } = refs.find((ref) => findRender(ref.render)) ?? first!;
  // Content of unknown age is rendered at once.
  const versions = refs.every((ref) => ref.versions === first!.versions) ? first!.versions : "";
  return { indexes, ref: { token: first!.token, render, versions }, component, props: fragment.props };
}

/**
 * Anybody may call an action, with anything.
 *
 * @throws {KawaError} REQUEST_INVALID - it is not what Kawa's client sends
 */
export function checkedPush(request: PushRequest): PushRequest {
  const { tab, fragments } = Object(request) as Record<keyof PushRequest, unknown>;
  if (
    !isRenderId(tab as string) ||
    !Array.isArray(fragments) ||
    fragments.length > maxFragments ||
    !fragments.every(isRef)
  ) {
    throw new KawaError(
      "REQUEST_INVALID",
      `A request for pushes must name a tab and at most ${maxFragments} fragments.`,
    );
  }
  return request;
}

function isRef(value: unknown): boolean {
  const { token, render, versions } = Object(value) as Record<keyof FragmentRef, unknown>;
  return (
    [token, versions].every((text) => typeof text === "string" && text.length <= maxTextLength) &&
    isRenderId(render as string)
  );
}
