"use client";

/**
 * Shown when a value cannot be read or a change was not confirmed; Next asks for a client component here. When the page can be shown
 * again, it is shown by itself.
 */
export default function ErrorPage({ error, retry }: { error: Error & { digest?: string }; retry: () => void }) {
  return (
    <main className="message">
      <h1>The server could not read or save a value.</h1>
      <p>
        What was confirmed before is kept. The server&rsquo;s log has the cause
        {error.digest ? ` (${error.digest})` : ""}.
      </p>
      <p>
        <button className="button primary" onClick={() => retry()}>
          Try again
        </button>
      </p>
    </main>
  );
}
