import { useReactive } from "kawa";
import type { CSSProperties } from "react";
import { counter } from "@/lib/signals";
import { maxAmount } from "../_lib/amount";
import { changeCounter } from "../actions";
import styles from "./counter.module.css";
import { RefusableForm } from "./refusable-form";

export function Counter() {
  const count = useReactive(counter);
  const length = { "--length": String(count).length } as CSSProperties;

  return (
    <section className={`card ${styles.counter}`} aria-labelledby="counter">
      <h2 id="counter">Counter</h2>
      <div className={styles.frame}>
        <output className={styles.count} style={length} data-testid="counter">
          {count}
        </output>
      </div>
      <RefusableForm action={changeCounter} className={styles.steps} aria-label="Change the counter">
        <button className="button" name="by" value="-1" aria-label="Subtract 1">
          −1
        </button>
        <button className="button primary" name="by" value="1" aria-label="Add 1">
          +1
        </button>
        <button className="button" name="to" value="0" aria-label="Reset the counter to 0">
          Reset
        </button>
      </RefusableForm>
      <RefusableForm action={changeCounter} className="field" aria-label="Add a number to the counter">
        <label htmlFor="amount" className="visually-hidden">
          Add
        </label>
        <input
          id="amount"
          name="by"
          type="number"
          defaultValue="10"
          min={-maxAmount}
          max={maxAmount}
          step="1"
          required
        />
        <button className="button">Add to counter</button>
      </RefusableForm>
    </section>
  );
}
