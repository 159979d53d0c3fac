import type { ReactElement } from "react";

export default function Fallback(): ReactElement {
  return (
    <p role="alert">
      forbidden <input aria-label="Fallback" />
    </p>
  );
}
