"use client";
import { publicMessage, type Row, useReactive } from "kawa";
import { useState } from "react";
import { type LabRow, labRows } from "../../lib/signals.ts";

/** A window of a list in a client component, which writes it. */
export function Rows({ name, after }: { name: string; after: string | undefined }) {
  const rows = useReactive(labRows.query({ where: { list: name }, order: "desc", limit: 20, after }));
  const count = useReactive(labRows.count({ where: { list: name } }));
  return <EditableRows name={name} rows={rows} count={count} />;
}

type EditableRowsProps = { name: string; rows: readonly Row<LabRow>[]; count: number };

export function EditableRows({ name, rows, count }: EditableRowsProps) {
  const [error, setError] = useState<unknown>();
  const write = async (work: Promise<unknown>): Promise<void> => {
    try {
      await work;
      setError(undefined);
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <>
      <p>
        <output data-testid="count">{count}</output> rows
      </p>
      <ol>
        {rows.map(({ id, value }) => (
          <li key={id}>
            <span>{value.title}</span> <input aria-label={`Note on ${id}`} />
            <button onClick={() => void write(labRows.update(id, (row) => ({ ...row, rank: row.rank + 100_000 })))}>
              Lift {id}
            </button>
            <button onClick={() => void write(labRows.delete(id))}>Delete {id}</button>
          </li>
        ))}
      </ol>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const row = { list: name, rank: Number(form.get("rank")), title: String(form.get("title")) };
          void write(labRows.insert(row));
        }}
      >
        <input name="rank" aria-label="Rank" defaultValue={0} />
        <input name="title" aria-label="Title" />
        <button>Add</button>
      </form>
      {error === undefined ? null : <p role="alert">{publicMessage(error)}</p>}
    </>
  );
}
