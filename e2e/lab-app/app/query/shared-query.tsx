"use client";
import { useQueryClient } from "@tanstack/react-query";
import { isKawaError, publicMessage } from "kawa";
import { signalQueryOptions, useSignalMutation, useSignalQuery } from "kawa/query";
import { labShared } from "../../lib/signals.ts";

const isEven = (count: number): boolean => count % 2 === 0;

/** A number that everybody shares, and what the app's own query cache knows of it. */
export function SharedQuery({ name }: { name: string }) {
  const signal = labShared(name);
  const { data, isFetching } = useSignalQuery(signal);
  const { mutate, isPending, error } = useSignalMutation(signal);
  const client = useQueryClient();
  return (
    <form
      aria-label="query"
      onSubmit={(event) => {
        event.preventDefault();
        mutate(Number(new FormData(event.currentTarget).get("value")));
      }}
    >
      <output data-testid="query">{data}</output> <output data-testid="fetching">{String(isFetching)}</output>
      <output data-testid="cached">{client.getQueryData(signalQueryOptions(signal).queryKey)}</output>
      <ParityQuery name={name} label="parity" />
      <input name="value" aria-label="Value" type="number" defaultValue={1} />
      <button type="submit">Set</button>
      <button type="button" onClick={() => mutate((count) => count + 1)}>
        Add one
      </button>
      <output data-testid="pending">{String(isPending)}</output>
      {error ? (
        <p role="alert" data-kawa={isKawaError(error)}>
          {publicMessage(error)}
        </p>
      ) : null}
    </form>
  );
}

export function ParityQuery({ name, label }: { name: string; label: string }) {
  const { data } = useSignalQuery(labShared(name), { select: isEven });
  return <output data-testid={label}>{data ? "even" : "odd"}</output>;
}
