import { memberIdsOf, membersOf, namespace, useReactive, useReactiveStream } from "kawa";
import { type ReactElement, type ReactNode, Suspense } from "react";
import { setTimeout as pause } from "node:timers/promises";
import { labCounter } from "../../../../lib/signals.ts";
import { Try } from "./try.tsx";

const count = labCounter("misused");
const people = namespace("lab").family(
  (at: { room: string; id: string }) => ({ key: `misused-${at.room}:${at.id}`, default: "" }),
  {
    expose: "read",
    ttlMs: 10_000,
  },
);

function useOwn(): number {
  return useReactive(count);
}

function Proper(): ReactElement {
  return <output data-testid="proper">{useReactive(count)}</output>;
}

const hooks: Readonly<Record<string, () => unknown>> = {
  signal: () => useReactive(count),
  own: useOwn,
  ids: () => useReactive(memberIdsOf(people, { room: "hall" })),
  members: () => useReactive(membersOf(people, { room: "hall" })),
  stream: () => useReactive(0, () => {}, []),
  named: () => useReactiveStream(0, () => {}, []),
};

async function Misused({ kind }: { kind: string }): Promise<ReactElement> {
  const [hook, when] = kind.split("-") as [string, string | undefined];
  if (when === "late") await pause(20);
  return <output>{String(hooks[hook]!())}</output>;
}

/** Below it the render is known to be dynamic, and the value is known. */
async function Later({ children }: { children: ReactNode }): Promise<ReactNode> {
  await pause(20);
  return children;
}

export default async function Page({ params }: { params: Promise<{ kind: string }> }): Promise<ReactElement> {
  const { kind } = await params;
  const misused = <Misused kind={kind} />;
  return (
    <>
      <Proper />
      <Try>
        <Suspense>{kind.endsWith("-known") ? <Later>{misused}</Later> : misused}</Suspense>
      </Try>
      <Proper />
    </>
  );
}
