"use client";
import { useRef, useState } from "react";

export function Kept({ count }: { count: number }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  return (
    <>
      <input aria-label="Controlled" value={text} onChange={(event) => setText(event.target.value)} />
      <button onClick={() => dialog.current?.showModal()}>Open the dialog</button>
      <dialog ref={dialog}>
        <p>Dialog at {count}</p>
        <input aria-label="In the dialog" />
      </dialog>
    </>
  );
}
