import { useReactive } from "kawa";
import { LivePage } from "kawa/next";
import { counter } from "../lib/signals";

/** Only the segment of this page is rendered again. */
export default function Page() {
  return (
    <>
      <output>{useReactive(counter)}</output>
      <LivePage />
    </>
  );
}
