import type { ReactElement } from "react";
import { Links } from "../links.tsx";
import { LivePage } from "kawa/next";

export default function Page(): ReactElement {
  return (
    <main>
      <h1>Static with a mark of a live page</h1>
      <LivePage />
      <Links />
    </main>
  );
}
