import type { ReactElement } from "react";
import { Watching } from "./watching.tsx";

export default function ClientPage(): ReactElement {
  return <Watching />;
}
