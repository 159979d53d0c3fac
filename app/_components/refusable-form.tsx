"use client";

import { type ComponentProps, useActionState } from "react";
import styles from "./refusable-form.module.css";

type RefusableFormProps = Omit<ComponentProps<"form">, "action"> & {
  /** Gives back why it was refused. */
  action: (previous: string | undefined, form: FormData) => Promise<string | undefined>;
};

/** Says below its controls why a change was refused; also without JavaScript, when the page comes back with the answer. */
export function RefusableForm({ action, children, ...props }: RefusableFormProps) {
  const [reason, submit] = useActionState(action, undefined);

  return (
    <form action={submit} {...props}>
      {children}
      {reason === undefined ? null : (
        <p role="alert" className={styles.refusal}>
          {reason}
        </p>
      )}
    </form>
  );
}
