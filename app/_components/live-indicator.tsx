"use client";
import { useLiveStatus } from "kawa/next/client";
import styles from "./live-indicator.module.css";

const texts = {
  connecting: "Connecting",
  live: "Live",
  stale: "Catching up",
  offline: "Offline: this may be out of date",
} as const;

/** Says whether what the page shows is current. */
export function LiveIndicator() {
  const { state } = useLiveStatus();
  return (
    <>
      <p role="status" className={styles.indicator} data-state={state} data-testid="live">
        {texts[state]}
      </p>
      <noscript>
        <p className={`${styles.indicator} ${styles.unscripted}`}>Not live without JavaScript: reload to see changes</p>
      </noscript>
    </>
  );
}
