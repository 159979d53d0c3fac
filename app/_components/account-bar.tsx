import { type Account, accounts } from "@/lib/accounts";
import { signIn, signOut } from "../actions";
import styles from "./account-bar.module.css";

/** Says who this browser is. A demo: anyone may be anyone. */
export function AccountBar({ account }: { account: Account | undefined }) {
  return account === undefined ? (
    <form action={signIn} className={styles.bar} aria-label="Demo sign-in">
      <p>
        <strong data-testid="who">You are a guest.</strong> To move Alice or Bob, sign in as them, or as the admin. This
        is a demo: no passwords.
      </p>
      <div className={styles.choices}>
        {accounts.map(({ id, name }) => (
          <button key={id} className="button" name="account" value={id} aria-label={`Sign in as ${name}`}>
            {name}
          </button>
        ))}
      </div>
    </form>
  ) : (
    <form action={signOut} className={styles.bar} aria-label="Demo sign-in">
      <p>
        <strong data-testid="who">You are {account.isAdmin ? "the admin" : account.name}.</strong>{" "}
        {account.isAdmin ? "You can move everyone." : `Only you and the admin can move ${account.name}.`}
      </p>
      <button className="button">Sign out</button>
    </form>
  );
}
