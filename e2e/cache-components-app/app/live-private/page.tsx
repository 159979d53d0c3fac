import { read } from "kawa";
import { connection } from "next/server";
import { type ReactElement, Suspense } from "react";
import { secret } from "../../lib/secret.ts";

async function Cached(): Promise<ReactElement> {
  "use cache";
  return <output>{await read(secret)}</output>;
}

async function Guarded(): Promise<ReactElement> {
  await connection();
  try {
    return await Cached();
  } catch (error) {
    return <output>{String(error)}</output>;
  }
}

export default function PrivatePage(): ReactElement {
  return (
    <main>
      <h1>Hooks decide who may see it</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Guarded />
      </Suspense>
    </main>
  );
}
