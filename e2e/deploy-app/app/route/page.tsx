import { useReactive } from "kawa";
import { counter } from "../../lib/signals";

/** The whole route is rendered again. */
export default function Page() {
  return <output>{useReactive(counter)}</output>;
}
