import type { ReactElement } from "react";

export default function Fallback(): ReactElement {
  return (
    <p role="alert">
      unauthorized <input aria-label="Fallback" />
    </p>
  );
}
