import { LikeButton } from "../../../lib/like-button";

export default function Page() {
  return <LikeButton />;
}
