import { read } from "kawa";
import { reactive } from "kawa/next";
import { counter } from "../lib/signals";
import { increment } from "./actions";
import { ClientCounter } from "./client-counter";

/** One value in each of the ways in which a page shows it. */
export default async function PageBody() {
  return (
    <form action={increment}>
      <output id="server">{await read(counter)}</output>
      <Fragment />
      <ClientCounter />
      <button>+1</button>
    </form>
  );
}

const Fragment = reactive(async function Fragment() {
  return <output id="fragment">{await read(counter)}</output>;
});
