"use client";
import { useLiveRetry } from "kawa/next/client";

export default function FailingError({ reset }: { error: Error; reset: () => void }) {
  useLiveRetry(reset);
  return <p role="alert">This cannot be shown at the moment.</p>;
}
