import { Likes } from "../../../lib/likes";

export default function Page() {
  return <Likes />;
}
