import type { ReactElement } from "react";

export default function Page(): ReactElement {
  return <input aria-label="Beside" />;
}
