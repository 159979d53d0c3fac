import type { ReactElement } from "react";
import { Writing } from "./writing.tsx";

export default function Page(): ReactElement {
  return <Writing />;
}
