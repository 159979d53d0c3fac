import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { labRows } from "../../lib/signals.ts";

/** The same window as a live fragment. */
export const LiveRows = reactive(function LiveRows({ name, after }: { name: string; after: string | undefined }) {
  const rows = useReactive(labRows.query({ where: { list: name }, order: "desc", limit: 20, after }));
  const count = useReactive(labRows.count({ where: { list: name } }));
  return (
    <>
      <p>
        <output data-testid="count">{count}</output> rows
      </p>
      <ol>
        {rows.map(({ id, value }) => (
          <li key={id}>
            <span>{value.title}</span> <input aria-label={`Note on ${id}`} />
          </li>
        ))}
      </ol>
    </>
  );
});
