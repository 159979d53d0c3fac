import type { ReactElement } from "react";

export default function Default(): ReactElement {
  return <p>No page</p>;
}
