import type { ReactElement } from "react";
import { Note } from "../../note.tsx";

/** Reads nothing. */
export default function QuietPage(): ReactElement {
  return <Note of="quiet" />;
}
