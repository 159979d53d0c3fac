import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { PinnedChat } from "./pinned-chat.tsx";

type Params = { way: string; name: string };

/** Lists that the window and an inner box scroll; the count says how many rows were added above. */
export default function Page({ params }: { params: Promise<Params> }): ReactElement {
  const { way, name } = use(params);
  return (
    <main>
      {way === "fragment" ? <Fragment name={name} /> : <Lists name={name} />}
      {way === "page" ? <LivePage /> : null}
    </main>
  );
}

function Lists({ name }: { name: string }): ReactElement {
  const count = useReactive(labCounter(name));
  const ids = Array.from({ length: 60 + count }, (_, index) => 60 + count - index);
  const rowStyle = { height: 60 };
  return (
    <>
      <output>{count}</output>
      <PinnedChat count={count} />
      <div data-testid="log" style={{ height: 300, overflowY: "auto" }}>
        {ids.map((id) => (
          <p key={id} data-log={id} style={{ ...rowStyle, margin: 0 }}>{`Line ${id}`}</p>
        ))}
      </div>
      <ul style={{ margin: 0 }}>
        {ids.map((id) => (
          <li key={id} data-item={id} style={rowStyle}>{`Item ${id}`}</li>
        ))}
      </ul>
      <table>
        <tbody>
          {ids.map((id) => (
            <tr key={id} data-row={id} style={rowStyle}>
              <td>{`Row ${id}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const Fragment = reactive(Lists);
