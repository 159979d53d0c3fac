import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { type ReactElement, type ReactNode, Suspense, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { Clicker } from "../../../clicker.tsx";
import { countRun } from "../../runs.ts";

type Props = { params: Promise<{ name: string }> };

async function Slow({ children }: { children: ReactNode }): Promise<ReactElement> {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return <b>{children}</b>;
}

function Row({ name, id }: { name: string; id: number }): ReactElement {
  const count = useReactive(labCounter(`${name}-${id}`));
  countRun(`${name}-row`);
  return (
    <li>
      <i>{count}</i>
      <Clicker />
    </li>
  );
}

/** Shows everybody the same. */
export default reactive(function SharedPage({ params }: Props): ReactElement {
  const { name } = use(params);
  const count = useReactive(labCounter(name));
  countRun(name);
  return (
    <>
      <output>{count}</output>
      <ul>
        {(count % 2 === 0 ? [1, 2] : [2, 1]).map((id) => (
          <Row key={id} name={name} id={id} />
        ))}
      </ul>
      <form
        action={async () => {
          "use server";
          await labCounter(`${name}-1`).set(count + 100);
        }}
      >
        <input type="submit" value="Add" />
      </form>
      <Suspense fallback={<em>Loading</em>}>
        <Slow>slow {count}</Slow>
      </Suspense>
    </>
  );
});
