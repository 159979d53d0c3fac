import type { ReactElement } from "react";

export default function Loading(): ReactElement {
  return <p>Loading</p>;
}
