import { labRows } from "../../../../lib/signals.ts";

type Context = { params: Promise<{ name: string }> };

/** Fills a list with rows 0 to `count` - 1, or writes one row. */
export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const { name: list } = await params;
  const {
    count,
    id,
    rank = 0,
    title = "",
  } = (await request.json()) as {
    count?: number;
    id?: string;
    rank?: number;
    title?: string;
  };
  const fill = Array.from({ length: count ?? 0 }, (_, at) =>
    labRows.upsert(`${list}-${at}`, { list, rank: at, title: `Row ${at}` }),
  );
  await Promise.all(fill);
  if (id !== undefined) await labRows.upsert(id, { list, rank, title });
  return new Response(null, { status: 204 });
}

export async function DELETE(request: Request): Promise<Response> {
  await labRows.delete(await request.text());
  return new Response(null, { status: 204 });
}
