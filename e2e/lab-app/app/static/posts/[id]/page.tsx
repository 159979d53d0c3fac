import type { ReactElement } from "react";
import { Links, stamp } from "../../links.tsx";

export function generateStaticParams(): { id: string }[] {
  return [{ id: "a" }];
}

export default async function Page({ params }: { params: Promise<{ id: string }> }): Promise<ReactElement> {
  return (
    <main>
      <h1>Post {(await params).id}</h1>
      <p data-testid="made">{stamp()}</p>
      <Links />
    </main>
  );
}
