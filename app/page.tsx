import { mayMove } from "@/lib/identity";
import { findPerson, people } from "@/lib/people";
import { currentAccount } from "@/lib/session";
import { Board } from "./_components/board";
import { CodePeek } from "./_components/code-peek";
import { Counter } from "./_components/counter";
import { LiveIndicator } from "./_components/live-indicator";
import { Mark } from "./_components/mark";
import { Notes } from "./_components/notes";
import { Terminal } from "./_components/terminal";
import { ThemeScope } from "./_components/theme-scope";
import { ThemeSwitcher } from "./_components/theme-switcher";
import { WindowCount } from "./_components/window-count";
import styles from "./page.module.css";

export default async function Home({ searchParams }: PageProps<"/">) {
  const { as } = await searchParams;
  const account = await currentAccount();
  // Whom this window moves is in its address, so each window can move someone else.
  const chosen = findPerson(as) ?? findPerson(account?.id) ?? people.find(({ id }) => mayMove({}, id)) ?? people[0];

  return (
    <ThemeScope>
      <div className={styles.page}>
        <header className={styles.header}>
          <div className={styles.start}>
            <p className={styles.brand}>
              <Mark /> Kawa
            </p>
            <LiveIndicator />
            <WindowCount />
          </div>
          <ThemeSwitcher />
        </header>
        <main className={styles.main}>
          <div className={styles.intro}>
            <h1>One board in every window.</h1>
            <p>
              Open this page in a second window, then click something here. The server components over there render
              again and show it; nothing reloads.
            </p>
          </div>
          <Board chosen={chosen} account={account} />
          <div className={styles.side}>
            <Counter />
            <Terminal />
          </div>
          <Notes />
          <CodePeek />
        </main>
        <footer className={styles.footer}>
          <p>
            Every value shown is in the HTML: view source. Every control is a plain form and works without JavaScript.
          </p>
        </footer>
      </div>
    </ThemeScope>
  );
}
