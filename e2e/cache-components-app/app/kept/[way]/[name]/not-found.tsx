import type { ReactElement } from "react";

export default function NotFound(): ReactElement {
  return <p role="alert">not found</p>;
}
