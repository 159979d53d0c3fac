import type { ReactElement } from "react";

export default function SideFallback(): ReactElement {
  return <p role="alert">side not found</p>;
}
