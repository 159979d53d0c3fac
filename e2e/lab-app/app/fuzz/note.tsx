import type { ReactElement } from "react";

/** What is typed here must not be lost while its page is shown. */
export function Note({ of: page }: { of: string }): ReactElement {
  return <input aria-label="Note" data-note={page} autoComplete="off" />;
}
