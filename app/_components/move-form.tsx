"use client";

import { type ReactNode, useActionState } from "react";
import type { Person } from "@/lib/people";
import type { Refusal } from "../actions";
import styles from "./refusable-form.module.css";

type MoveFormProps = {
  action: (previous: Refusal | undefined, form: FormData) => Promise<Refusal | undefined>;
  person: Person;
  className: string | undefined;
  children: ReactNode;
};

/** Says below its controls why a move was refused; also without JavaScript, when the page comes back with the answer. */
export function MoveForm({ action, person, className, children }: MoveFormProps) {
  const [refusal, submit] = useActionState(action, undefined);

  return (
    <form action={submit} className={className} aria-label={`Move ${person.name}`}>
      <input type="hidden" name="person" value={person.id} />
      {children}
      {refusal?.personId === person.id ? (
        <p role="alert" className={styles.refusal}>
          {refusal.reason}
        </p>
      ) : null}
    </form>
  );
}
