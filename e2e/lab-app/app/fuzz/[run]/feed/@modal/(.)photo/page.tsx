import type { ReactElement } from "react";

/** A photo over the feed, which alone reads. */
export default function Modal(): ReactElement {
  return <dialog open>Photo</dialog>;
}
