import { read } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { setTimeout as pause } from "node:timers/promises";
import { labCounter } from "../../../lib/signals.ts";

async function Inner({ name }: { name: string }): Promise<ReactElement> {
  await pause(1);
  return <output data-testid="inner">{await read(labCounter(`${name}-inner`))}</output>;
}

export const Fragment = reactive(async function Fragment({ name }: { name: string }): Promise<ReactElement> {
  await pause(1);
  const count = await read(labCounter(`${name}-fragment`));
  return (
    <>
      <output data-testid="fragment">{count}</output>
      <Inner name={name} />
    </>
  );
});
