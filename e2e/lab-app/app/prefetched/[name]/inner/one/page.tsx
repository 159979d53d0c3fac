import type { ReactElement } from "react";

export default function One(): ReactElement {
  return <h1>one</h1>;
}
