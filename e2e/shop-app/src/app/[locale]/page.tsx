import type { ReactElement } from "react";

/** Servers are waited for here. */
export default function Page(): ReactElement {
  return <h1>Shop</h1>;
}
