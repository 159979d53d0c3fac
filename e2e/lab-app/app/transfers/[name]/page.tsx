import type { ReactElement } from "react";
import { Transfers } from "./transfers.tsx";

export default async function TransfersPage({ params }: { params: Promise<{ name: string }> }): Promise<ReactElement> {
  return <Transfers name={(await params).name} />;
}
