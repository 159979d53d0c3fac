import { type ReactElement, type ReactNode, use } from "react";
import { Links } from "../links.tsx";

type Props = { children: ReactNode; modal: ReactNode; params: Promise<{ run: string }> };

/** The pages that the fuzz test walks through; `e2e/fuzz/screens.ts` says what each of them shows. */
export default function RunLayout({ children, modal, params }: Props): ReactElement {
  return (
    <>
      <Links run={use(params).run} />
      {children}
      {modal}
    </>
  );
}
