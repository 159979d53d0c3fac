"use client";
import { memberIdsOf, useReactive, usePresence } from "kawa";
import { windows } from "@/lib/signals";
import styles from "./window-count.module.css";

/** Counts this window as long as it is open; in the HTML it is not among the others yet. */
export function WindowCount() {
  usePresence(windows, "open");
  const count = Math.max(1, useReactive(memberIdsOf(windows)).length);
  return (
    <p className={styles.count} data-testid="windows">
      {count === 1 ? "1 window open" : `${count} windows open`}
    </p>
  );
}
