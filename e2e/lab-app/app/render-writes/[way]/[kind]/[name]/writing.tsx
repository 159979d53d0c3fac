import { namespace, read } from "kawa";
import { reactive } from "kawa/next";
import { after } from "next/server";
import { cache, type ReactElement } from "react";
import { setTimeout as pause } from "node:timers/promises";
import { backend } from "../../../../../lib/backend.ts";
import { labCounter } from "../../../../../lib/signals.ts";

type Writing = { name: string; kind: string };

const cachedUpdate = cache((name: string) => labCounter(name).update((count) => count + 1));

/** What a component writes while it is rendered, or what it has start. */
const kinds: Readonly<Record<string, (name: string) => unknown>> = {
  update: (name) => labCounter(name).update((count) => count + 1),
  set: (name) => labCounter(name).set(labCounter(name).peek() + 1),
  setting: (name) => labCounter(name).set((count) => count + 1),
  delete: (name) => labCounter(name).delete(),
  clear: (name) => namespace("lab").namespace(name).clear(),
  cached: cachedUpdate,
  backend: (name) => backend.set(labCounter(name).key, labCounter(name).peek() + 1),
  floating: (name) => void labCounter(name).update((count) => count + 1),
  outliving: (name) => void pause(300).then(() => labCounter(name).update((count) => count + 1)),
  after: (name) => after(async () => void (await labCounter(name).update((count) => count + 1))),
  other: (name) =>
    labCounter(name.endsWith("-a") ? name.replace(/-a$/, "-b") : name.replace(/-b$/, "-a")).update(
      (count) => count + 1,
    ),
};

/** Does what is written where `place` is: a component, unless the kind names another place. */
export async function writeIn(place: string, { name, kind }: Writing): Promise<void> {
  const [of, write] = kind in kinds ? ["component", kinds[kind]!] : [kind, kinds.update!];
  if (of === place) await write(name);
}

export async function Writes(writing: Writing): Promise<ReactElement> {
  const { name } = writing;
  const trigger = await read(labCounter(`${name}-trigger`));
  await writeIn("component", writing);
  return (
    <>
      <output data-testid="count">{await read(labCounter(name))}</output>
      <output data-testid="trigger">{trigger}</output>
    </>
  );
}

export const WritingFragment = reactive(Writes);
