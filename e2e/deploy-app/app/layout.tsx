import { LiveUpdates } from "kawa/next";
import type { ReactNode } from "react";
import { increment } from "./actions";
import { Status } from "./status";

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <LiveUpdates>
          <p data-testid="build">{process.env.APP_BUILD}</p>
          {children}
          <form action={increment}>
            <button>+1</button>
          </form>
          <Status />
        </LiveUpdates>
      </body>
    </html>
  );
}
