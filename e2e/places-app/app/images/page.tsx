import { connection } from "next/server";
import { type ReactElement, Suspense } from "react";

export default function ImagesPage(): ReactElement {
  return (
    <>
      <Suspense>
        <PerRequest />
      </Suspense>
      <p>A page with images</p>
    </>
  );
}

/** With `cacheComponents` the metadata of a page may wait for its images only where the page itself waits for a request. */
async function PerRequest(): Promise<null> {
  await connection();
  return null;
}
