import { read } from "kawa";
import { type ReactElement, Suspense } from "react";
import { Board } from "../../board.tsx";
import { score } from "../lib/signals.ts";

async function LiveBoard(): Promise<ReactElement> {
  return <Board score={await read(score)} />;
}

export default function Page(): ReactElement {
  return (
    <Suspense>
      <LiveBoard />
    </Suspense>
  );
}
