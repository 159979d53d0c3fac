import { useReactive } from "kawa";
import { type ReactElement, use } from "react";
import { type BenchRow, limit, rows, sqliteAt } from "../../lib/rows.ts";

type Props = { searchParams: Promise<{ source?: string; list?: string }> };
type Found = readonly { readonly id: string; readonly value: BenchRow }[];

/** The first page of a list, of a collection or of a database. */
export default function RowsPage({ searchParams }: Props): ReactElement {
  const { source, list = "" } = use(searchParams);
  return source === "kawa" ? <KawaRows list={list} /> : <SqliteRows list={list} />;
}

function KawaRows({ list }: { list: string }): ReactElement {
  return <Rows found={useReactive(rows.query({ where: { list }, limit }))} />;
}

function SqliteRows({ list }: { list: string }): ReactElement {
  const found = sqliteAt("").select.all(list, limit) as { id: string; value: string }[];
  return <Rows found={found.map(({ id, value }) => ({ id, value: JSON.parse(value) as BenchRow }))} />;
}

function Rows({ found }: { found: Found }): ReactElement {
  return (
    <ul>
      {found.map(({ id, value }) => (
        <li key={id}>{value.text}</li>
      ))}
    </ul>
  );
}
