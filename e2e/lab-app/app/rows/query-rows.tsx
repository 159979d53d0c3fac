"use client";
import Link from "next/link";
import { useSignalQuery, useSuspenseSignalQuery } from "kawa/query";
import { labRows } from "../../lib/signals.ts";
import { EditableRows } from "./rows.tsx";

/** A window of a list in the app's own query cache. */
export function QueryRows({ name, after }: { name: string; after: string | undefined }) {
  const list = { list: name };
  const page = labRows.query({ where: list, order: "desc", limit: 20, after });
  const { data: rows } = useSuspenseSignalQuery(page);
  const { data: count = 0 } = useSignalQuery(labRows.count({ where: list }));
  const { data: title } = useSignalQuery(labRows.first({ where: list, order: "desc" }), {
    select: (row) => row?.value.title ?? "No rows",
  });
  const last = rows.at(-1);
  return (
    <>
      <h2>{title}</h2>
      <EditableRows name={name} rows={rows} count={count} />
      {last && <Link href={`/rows/${name}?way=query&after=${encodeURIComponent(page.cursorOf(last))}`}>Next</Link>}
    </>
  );
}
