import { headers } from "next/headers";
import styles from "./code.module.css";

export async function Terminal() {
  const requested = await headers();
  const scheme = requested.get("x-forwarded-proto") === "https" ? "https://" : "";
  const host = requested.get("host") ?? "localhost:3000";

  return (
    <section className={`card ${styles.terminal}`} aria-labelledby="terminal">
      <h2 id="terminal">From a terminal</h2>
      <pre>
        <code data-testid="curl">{`curl ${scheme}${host}/api/counter -d by=5`}</code>
      </pre>
      <p>Every open page moves.</p>
    </section>
  );
}
