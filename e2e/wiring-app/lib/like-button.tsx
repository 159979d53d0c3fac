"use client";
import { useReactive } from "kawa";
import { likes } from "./signals";

export function LikeButton() {
  return (
    <button type="button" onClick={() => void likes.update((n) => n + 1)}>
      {useReactive(likes)}
    </button>
  );
}
