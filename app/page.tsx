import { useReactive } from "kawa";
import { counter } from "@/lib/signals";
import { increment } from "./actions";

export default function Home() {
  const count = useReactive(counter);
  return (
    <form action={increment}>
      <output>{count}</output> <button>Add one</button>
    </form>
  );
}
