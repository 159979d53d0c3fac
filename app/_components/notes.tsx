import { useReactive } from "kawa";
import { maxNoteLength, notes } from "@/lib/notes";
import { addNote, removeNote } from "../actions";
import styles from "./notes.module.css";
import { RefusableForm } from "./refusable-form";

const shownCount = 5;

/** The newest rows of a collection: a note that is not among them changes the number alone. */
export function Notes() {
  const newest = useReactive(notes.query({ order: "desc", limit: shownCount }));
  const count = useReactive(notes.count());

  return (
    <section className={`card ${styles.notes}`} aria-labelledby="notes">
      <div className={styles.head}>
        <h2 id="notes">Notes</h2>
        <p data-testid="note-count">{count > newest.length ? `The newest ${newest.length} of ${count}` : count}</p>
      </div>
      <RefusableForm action={addNote} className="field" aria-label="Add a note">
        <label htmlFor="note" className="visually-hidden">
          Note
        </label>
        <input
          id="note"
          name="text"
          maxLength={maxNoteLength}
          autoComplete="off"
          placeholder="For everybody"
          required
        />
        <button className="button primary">Add note</button>
      </RefusableForm>
      {newest.length === 0 ? <p className={styles.none}>Nobody has noted anything yet.</p> : null}
      <ul className={styles.list}>
        {newest.map(({ id, value }) => (
          <li key={id} data-testid="note">
            <p className={styles.text}>{value.text}</p>
            <p className={styles.by}>{value.by}</p>
            <RefusableForm action={removeNote}>
              <button className="button" name="id" value={id} aria-label={`Remove the note "${value.text}"`}>
                Remove
              </button>
            </RefusableForm>
          </li>
        ))}
      </ul>
    </section>
  );
}
