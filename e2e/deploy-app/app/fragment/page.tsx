import { read } from "kawa";
import { reactive } from "kawa/next";
import { counter } from "../../lib/signals";

/** New content of the fragment is pushed. */
export default function Page() {
  return <Fragment />;
}

const Fragment = reactive(async function Fragment() {
  return <output>{await read(counter)}</output>;
});
