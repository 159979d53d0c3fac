import type { ReactElement } from "react";

export default function Two(): ReactElement {
  return <h1>two</h1>;
}
