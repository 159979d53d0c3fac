import { read } from "kawa";
import { counter } from "@/lib/signals";
import { count } from "./actions";

export default async function Home() {
  return (
    <main className="message">
      <h1>
        The count is <output>{await read(counter)}</output>.
      </h1>
      <form action={count}>
        <button className="button" name="by" value="-1" aria-label="Subtract 1">
          −1
        </button>{" "}
        <button className="button primary" name="by" value="1" aria-label="Add 1">
          +1
        </button>
      </form>
      <p>Open this page in a second window, then click: both change.</p>
    </main>
  );
}
