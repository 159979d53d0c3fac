import type { ReactElement } from "react";
import { ClientBoard } from "./client-board.tsx";

export default function BrowserWritePage(): ReactElement {
  return <ClientBoard />;
}
