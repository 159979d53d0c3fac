import type { ReactElement } from "react";

const rows = Array.from({ length: 10 }, (_, index) => `Row ${index + 1}`);

/** What both apps show: one live number on a page of ordinary size. */
export function Board({ score }: { score: number }): ReactElement {
  return (
    <main>
      <h1>Score</h1>
      <output id="score">{score}</output>
      <ul>
        {rows.map((row) => (
          <li key={row}>{row}</li>
        ))}
      </ul>
    </main>
  );
}
