import type { ReactElement } from "react";

export default function GateNotFound(): ReactElement {
  return <output data-key="gate">not found</output>;
}
