export default async function NestedPage({ params }: { params: Promise<{ page: string }> }) {
  return <h1>{(await params).page}</h1>;
}
