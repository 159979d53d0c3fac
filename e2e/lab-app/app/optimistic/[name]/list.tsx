"use client";
import { type ReactElement, useOptimistic } from "react";
import { addItem, addItemAndRefresh } from "./actions.ts";

const buttons = [
  ["Add", addItem],
  ["Add and refresh", addItemAndRefresh],
] as const;

export function List({ name, items }: { name: string; items: readonly string[] }): ReactElement {
  const [shown, addShown] = useOptimistic(items, (before, text: string) => [...before, text]);
  return (
    <form>
      <ul data-pending={shown !== items}>
        {shown.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      <input name="text" aria-label="Text" />
      {buttons.map(([label, add]) => (
        <button
          key={label}
          formAction={async (form) => {
            const text = String(form.get("text"));
            addShown(text);
            await add(name, text);
          }}
        >
          {label}
        </button>
      ))}
    </form>
  );
}
