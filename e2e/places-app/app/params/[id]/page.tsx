import type { ReactElement } from "react";
import { probe } from "../../../lib/probe.ts";

export async function generateStaticParams(): Promise<{ id: string }[]> {
  await probe("generateStaticParams");
  return [{ id: "1" }];
}

export default function ParamsPage(): ReactElement {
  return <p>A page with params</p>;
}
