import type { ReactElement } from "react";
import { Dragged } from "./dragged.tsx";

export default async function DragPage({ params }: { params: Promise<{ name: string }> }): Promise<ReactElement> {
  return <Dragged name={(await params).name} />;
}
