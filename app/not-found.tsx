import type { Metadata } from "next";
import Link from "next/link";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <main className="message">
      <h1>There is no page here.</h1>
      <p>
        <Link href="/">Go to the board</Link>
      </p>
    </main>
  );
}
