"use client";
import { isKawaError, transaction, useReactive } from "kawa";
import { type ReactElement, useState } from "react";
import { labList, labRows, labShared, labShown } from "../../../lib/signals.ts";

/** Moves money between two balances, and notes each transfer in a list. */
export function Transfers({ name }: { name: string }): ReactElement {
  const [from, to, notes] = [labShared(`${name}-from`), labShared(`${name}-to`), labList(name)];
  const rows = labRows.query({ where: { list: name } });
  const [outcome, setOutcome] = useState("");
  const [doneCount, setDoneCount] = useState(0);
  const tell = (work: Promise<unknown>): void => {
    work.then(
      () => setDoneCount((count) => count + 1),
      (error: Error) => setOutcome(isKawaError(error) ? error.code : error.message),
    );
  };
  const transfer = (amount: number): Promise<void> =>
    transaction(async (tx) => {
      const before = await tx.get(from);
      if (before < amount) throw new Error("Not enough.");
      tx.set(from, before - amount);
      await tx.update(to, (balance) => balance + amount);
      tx.append(notes, `${amount}`);
    });
  const transferMany = (): void => {
    for (let n = 0; n < 10; n += 1) tell(transfer(1));
  };
  // The schema of balances refuses what is below zero.
  const overdraw = (): Promise<void> =>
    transaction((tx) => {
      tx.increment(from, -1_000);
      tx.increment(to, 1_000);
      tx.append(notes, "too much");
    });
  const open = (): Promise<void> =>
    transaction(async (tx) => {
      tx.set(labRows(`${name}-row`), { list: name, rank: 1, title: "Opened" });
      tx.increment(to, 1);
      tx.increment(from, -1);
    });
  const claim = (): Promise<void> => transaction((tx) => tx.set(labShown(name), 1));
  return (
    <>
      <button onClick={() => tell(transfer(1))}>Transfer</button>
      <button onClick={transferMany}>Transfer ten times</button>
      <button onClick={() => tell(transfer(1_000))}>Transfer too much</button>
      <button onClick={() => tell(overdraw())}>Overdraw</button>
      <button onClick={() => tell(open())}>Open</button>
      <button onClick={() => tell(claim())}>Claim</button>
      <output data-testid="balances">{`${useReactive(from)} ${useReactive(to)} ${useReactive(notes).length}`}</output>
      <output data-testid="rows">{useReactive(rows).map(({ value }) => value.title)}</output>
      <output data-testid="outcome">{outcome}</output>
      <output data-testid="done">{doneCount}</output>
    </>
  );
}
