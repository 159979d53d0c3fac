import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { cookies, headers } from "next/headers";
import { cache, type ReactElement, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";

type Props = { params: Promise<{ name: string }> };

const visitor = cache(async () => (await cookies()).get("visitor")?.value ?? "nobody");

/** As many apps do it: without an answer it is nobody. */
async function visitorOrNobody(): Promise<string> {
  try {
    return await visitor();
  } catch {
    return "nobody";
  }
}

const Own = reactive(async function Own({ name }: { name: string }): Promise<ReactElement> {
  return <Greeting name={name} who={visitorOrNobody()} />;
});

const OwnToo = reactive(function OwnToo({ name }: { name: string }): ReactElement {
  return <Greeting name={name} who={visitor()} />;
});

const OwnHeader = reactive(function OwnHeader({ name }: { name: string }): ReactElement {
  return (
    <Greeting
      name={name}
      who={headers()
        .then((all) => /visitor=(\w+)/.exec(all.get("cookie") ?? "")?.[1] ?? "nobody")
        .catch(() => "nobody")}
    />
  );
});

/** Only what it returns asks who looks. */
const OwnBelow = reactive(function OwnBelow({ name }: { name: string }): ReactElement {
  return (
    <div>
      {useReactive(labCounter(name))}
      <Below name={name} />
    </div>
  );
});

async function Below({ name }: { name: string }): Promise<ReactElement> {
  await Promise.resolve();
  return <Greeting name={name} who={visitorOrNobody()} />;
}

function Greeting({ name, who }: { name: string; who: Promise<string> }): ReactElement {
  const count = useReactive(labCounter(name));
  return (
    <output>
      {use(who)} {count}
    </output>
  );
}

export default async function Page({ params }: Props): Promise<ReactElement> {
  const { name } = await params;
  return (
    <>
      <Own name={name} />
      <OwnToo name={name} />
      <OwnHeader name={name} />
      <OwnBelow name={name} />
    </>
  );
}
