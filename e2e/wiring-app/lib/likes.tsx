import { read } from "kawa";
import { likes } from "./signals";

export async function Likes() {
  return <output>{await read(likes)}</output>;
}
