import { after } from "next/server";
import type { ReactElement } from "react";
import { probe } from "../../lib/probe.ts";

export default function AfterPage(): ReactElement {
  after(() => probe("after"));
  return <p>A page that does something later</p>;
}
