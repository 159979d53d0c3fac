import type { ReactElement, ReactNode } from "react";

export default function Layout({ children }: { children: ReactNode }): ReactElement {
  return (
    <>
      <label>
        Layout <input />
      </label>
      {children}
    </>
  );
}
