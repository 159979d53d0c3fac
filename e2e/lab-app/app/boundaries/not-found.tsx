import type { ReactElement } from "react";

/** For layouts below: what a layout has not found is for the segment above. */
export default function Fallback(): ReactElement {
  return <p role="alert">not-found above</p>;
}
