import { forbidden, notFound, unauthorized } from "next/navigation";

const failures = {
  "not-found": notFound,
  forbidden,
  unauthorized,
  error: () => {
    throw new Error("The count is negative.");
  },
} as const;

/** Fails as `what` says while `count` is negative. */
export function failBelow(count: number, what: string): void {
  if (count < 0) failures[what as keyof typeof failures]();
}
