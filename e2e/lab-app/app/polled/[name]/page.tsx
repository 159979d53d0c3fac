import { useReactive } from "kawa";
import { headers } from "next/headers";
import { use } from "react";

const pollMs = 100;

/** A lab counter, as this server answers for it over HTTP. */
export default function PolledPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  const host = use(headers()).get("host");
  const count = useReactive<number | null>(
    null,
    (stream) => {
      const poll = async () => stream.set(await (await fetch(`http://${host}/signals/counter/${name}`)).json());
      const timer = setInterval(() => poll().catch(stream.fail), pollMs);
      return () => clearInterval(timer);
    },
    [host, name],
  );
  return <output>{count}</output>;
}
