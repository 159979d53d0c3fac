import type { ReactElement } from "react";

export default function Fallback(): ReactElement {
  return (
    <p role="alert">
      not-found <input aria-label="Fallback" />
    </p>
  );
}
