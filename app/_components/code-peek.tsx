import styles from "./code.module.css";

/** Lines of this app, as they are; a test looks for them in the files. */
const peeks = [
  { file: "lib/signals.ts", code: 'const counter = app.signal("counter", 0);' },
  { file: "app/_components/counter.tsx", code: "const count = useReactive(counter);" },
  { file: "app/actions.ts", code: "await counter.update((n) => n + change.by);" },
];

export function CodePeek() {
  return (
    <section className={`card ${styles.peek}`} aria-labelledby="code">
      <h2 id="code">The code of the counter</h2>
      <dl>
        {peeks.map(({ file, code }) => (
          <div key={file}>
            <dt>{file}</dt>
            <dd>
              <code data-testid="code" data-file={file}>
                {code}
              </code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
