import type { ReactElement } from "react";

export default function NotFound(): ReactElement {
  return <p role="alert">Sold out</p>;
}
