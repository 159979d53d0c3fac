import type { ReactElement } from "react";

/** For the page; what the layout beside it has not found is for the one above. */
export default function PageFallback(): ReactElement {
  return <p role="alert">page not found</p>;
}
